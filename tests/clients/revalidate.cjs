// Sends the revalidation route of examples/nextjs, compiled into the folder given, one request with the body and the
// header `authorization` given; prints its status and the paths for which it called Next's revalidatePath.
const [folder, body, authorization] = process.argv.slice(2);
const paths = [];
require.cache[require.resolve("next/cache")] = { exports: { revalidatePath: (path) => paths.push(path) } };
const { POST } = require(`${folder}/app/revalidate/route.js`);

(async () => {
  const request = new Request("https://site.example/revalidate", { method: "POST", body, headers: { authorization } });
  console.log(JSON.stringify({ status: (await POST(request)).status, paths }));
})();
