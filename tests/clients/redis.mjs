// Drives the KV at $KV_URL with @upstash/redis and prints what it saw as one JSON object.
// Started by tests/dev/upstash/test_clients.py, which has written the keys `python:…` and judges the report.
import { Redis } from "@upstash/redis";

const connect = (token) => new Redis({ url: process.env.KV_URL, token, retry: false, enableTelemetry: false });
const redis = connect(process.env.KV_TOKEN);

const failure = async (work) => {
  try {
    await work();
    return "no error";
  } catch (error) {
    return error.message;
  }
};

const report = {
  compact: await redis.get("python:compact"),
  default: await redis.get("python:default"),
  dict: await redis.get("python:dict"),
  mget: await redis.mget("python:compact", "python:missing"),
  hgetall: await redis.hgetall("python:hash"),
};

report.set = await redis.set("javascript:object", report.compact, { ex: 100 });
report.object = await redis.get("javascript:object");
report.pipeline = await redis.pipeline().set("n", 7).incr("n").get("missing").exec();
report.multi = await redis.multi().hset("h", { field: { a: [1] } }).hgetall("h").incr("n").exec();

const script = "return {KEYS[1], ARGV[1], 3}";
report.eval = await redis.eval(script, ["key"], [{ a: [1] }]);
report.evalsha = await redis.evalsha(await redis.scriptLoad("return ARGV[1]"), [], ["by name"]);

report.wrongToken = await failure(() => connect("wrong").get("n"));
report.wrongType = await failure(() => redis.lpush("n", 1));
report.blocking = await failure(() => redis.exec(["BLPOP", "n", 1]));

console.log(JSON.stringify(report));
