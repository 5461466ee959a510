// The local stack's buttons on the dashboard. Served by dev/local only; a deployment has no such
// file.

const group =
  document.getElementById("local") ??
  document.querySelector("main").appendChild(document.createElement("div"));
group.setAttribute("role", "group");
group.setAttribute("aria-label", "Make trouble, on this machine only");

const told = document.createElement("p");
told.className = "line soft";
told.setAttribute("role", "status");
group.after(told);

async function press(name) {
  try {
    const answer = await fetch(`/_local/${name}`, { method: "POST" });
    told.textContent = answer.ok
      ? (await answer.json()).told
      : `The local stack answered ${answer.status}.`;
  } catch {
    told.textContent = "The local stack is not running any more.";
  }
}

for (const { name, label } of await (await fetch("/_local/buttons")).json()) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button";
  button.textContent = label;
  button.addEventListener("click", () => press(name));
  group.append(button);
}
group.hidden = false;
