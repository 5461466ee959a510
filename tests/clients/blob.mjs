// Drives the Blob store at $VERCEL_BLOB_API_URL with @vercel/blob and prints what it saw as one JSON object.
// Started by tests/dev/blob/test_client.py, which judges the report.
import { copy, del, head, list, put } from "@vercel/blob";

const failure = async (work) => {
  try {
    await work();
    return "no error";
  } catch (error) {
    return error.constructor.name;
  }
};
const read = async (url) => {
  const answer = await fetch(url);
  return { status: answer.status, type: answer.headers.get("content-type"), text: await answer.text() };
};
const open = { access: "public" };

const report = { put: await put("a/été 1.txt", "hello", { ...open, contentType: "text/plain" }) };
report.read = await read(report.put.url);
report.head = await head(report.put.url);
report.again = await failure(() => put("a/été 1.txt", "other", open));
report.overwritten = await put("a/été 1.txt", "other", { ...open, allowOverwrite: true, cacheControlMaxAge: 120 });
report.reread = await read(report.put.url);
report.suffixed = await put("a/b.png", Buffer.from([1, 2, 3]), { ...open, addRandomSuffix: true });
const stream = new Blob(["streamed ", "away"]).stream();
report.streamed = await read((await put("c/stream.txt", stream, open)).url);
report.copied = await copy(report.put.url, "d/copy.txt", open);
report.first = await list({ limit: 2 });
report.second = await list({ limit: 2, cursor: report.first.cursor });
report.folded = await list({ mode: "folded" });
report.prefixed = (await list({ prefix: "d/" })).blobs.map((blob) => blob.pathname);
await del([report.put.url, "c/stream.txt"]);
report.gone = await read(report.put.url);
report.missing = await failure(() => head(report.put.url));
report.left = (await list()).blobs.map((blob) => blob.pathname);
report.stranger = await failure(() => list({ token: "vercel_blob_rw_localstore_wrong" }));

console.log(JSON.stringify(report));
