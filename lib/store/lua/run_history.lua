-- Reads a run for people. KEYS run. Returns it as run_entry.lua says, or {}.
-- include run_entry
return entryOf(KEYS[1]) or {}
