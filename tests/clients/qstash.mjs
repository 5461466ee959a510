// Drives a QStash server with Upstash's own JavaScript client and judges what it delivers with its Receiver.
// Environment: QSTASH_URL, QSTASH_TOKEN, QSTASH_CURRENT_SIGNING_KEY, QSTASH_NEXT_SIGNING_KEY. With QSTASH_DEV=true and
// QSTASH_DEV_PORT the client finds the server by itself. Prints one JSON object on its last line.
import http from "node:http";
import { Client, Receiver, SignatureError } from "@upstash/qstash";

const devMode = process.env.QSTASH_DEV === "true";
const client = devMode
  ? new Client({ retry: false })
  : new Client({ baseUrl: process.env.QSTASH_URL, token: process.env.QSTASH_TOKEN, retry: false });
const receiver = devMode
  ? new Receiver()
  : new Receiver({
      currentSigningKey: process.env.QSTASH_CURRENT_SIGNING_KEY,
      nextSigningKey: process.env.QSTASH_NEXT_SIGNING_KEY,
    });

const arrivals = [];
const waiting = [];
const destination = http.createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString();
  const url = `${origin()}${request.url}`;
  const signature = request.headers["upstash-signature"];
  const verified = await receiver.verify({ signature, body, url }).catch(() => false);
  const forged = await receiver.verify({ signature, body: `${body} `, url }).catch((error) => error instanceof SignatureError);
  arrivals.push({ path: request.url, body, verified, forgeryRefused: forged === true, headers: request.headers });
  response.writeHead(request.url.startsWith("/fails") ? 500 : 200, { "content-type": "text/plain" }).end("heard");
  waiting.splice(0).forEach((wake) => wake());
});
const origin = () => `http://127.0.0.1:${destination.address().port}`;
const arrived = async (path) => {
  for (;;) {
    const found = arrivals.find((arrival) => arrival.path === path);
    if (found) return found;
    await new Promise((wake) => waiting.push(wake));
  }
};
const until = async (ask) => {
  for (;;) {
    const found = await ask();
    if (found) return found;
    await new Promise((wake) => setTimeout(wake, 10));
  }
};

await new Promise((ready) => destination.listen(0, "127.0.0.1", ready));
const published = await client.publishJSON({
  url: `${origin()}/work?run=1&next=%2F`,
  body: { page: "é ☃" },
  headers: { "X-Run": "42" },
  callback: `${origin()}/told`,
  deduplicationId: "run-1",
});
const duplicate = await client.publishJSON({ url: `${origin()}/work`, body: {}, deduplicationId: "run-1" });
const work = await arrived("/work?run=1&next=%2F");
const told = await arrived("/told");

const batch = await client.batchJSON([
  { url: `${origin()}/batch/1`, body: 1 },
  { url: `${origin()}/batch/2`, body: 2 },
]);
const batched = [await arrived("/batch/1"), await arrived("/batch/2")];

const later = await client.publish({ url: `${origin()}/later`, body: "later", delay: "1h", label: "slow" });
const shown = await client.messages.get(later.messageId);
const cancelled = await client.messages.cancel(later.messageId);

const failing = await client.publish({ url: `${origin()}/fails`, body: "x", retries: 0, failureCallback: `${origin()}/failed` });
const failed = await arrived("/failed");
const dlq = await until(async () => (await client.dlq.listMessages()).messages.find((one) => one.messageId === failing.messageId));
const retried = await client.dlq.retry(dlq.dlqId);
const refused = await client.publish({ url: "web.example/work" }).catch((error) => ({ status: error.status, text: error.message }));
const logs = await until(async () => {
  const { logs } = await client.logs({ filter: { messageId: published.messageId } });
  return logs.some((entry) => entry.state === "DELIVERED") && logs;
});
const flow = await client
  .publish({ url: `${origin()}/flow`, flowControl: { key: "notion", parallelism: 2 } })
  .then(() => client.flowControl.get("notion"));
const schedule = await client.schedules.create({ destination: `${origin()}/nightly`, cron: "0 4 * * *" });
const schedules = await client.schedules.list();
await arrived("/flow");
destination.close();
destination.closeAllConnections();

console.log(
  JSON.stringify({
    published, duplicate, work, told, batch, batched, shown, cancelled, failing, failed, dlq, retried, refused, flow,
    states: logs.map((entry) => entry.state),
    schedules: schedules.map((one) => [one.scheduleId === schedule.scheduleId, one.cron, one.destination.endsWith("/nightly")]),
  }),
);
