-- Notes that what an event asks for has been published: the event is known when it comes again, and
-- later events of its window need not publish the same.
-- KEYS event, window. ARGV the event's time, how long the event is known (s), how long the window
-- is kept (s), then what was sent: "" for the window's message, the name of a source for the
-- message of its run.
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
for i = 4, #ARGV do
  redis.call('HSET', KEYS[2], ARGV[i] == '' and 'sent' or 'sent:' .. ARGV[i], '1')
  redis.call('EXPIRE', KEYS[2], ARGV[3])
end
return 'done'
