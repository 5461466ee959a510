-- Reads a run for people. KEYS run. Answers as run_entry.lua says, or {}.
-- include run_entry
return entryOf(KEYS[1]) or {}
