// The local stack's buttons on the dashboard. Served by dev/local only; a deployment has no such file.

const place = document.getElementById("local") ?? document.querySelector("main") ?? document.body;

const style = document.createElement("link");
style.rel = "stylesheet";
style.href = "/_local/buttons.css";
document.head.append(style);

const section = document.createElement("section");
section.className = "trouble";
section.setAttribute("aria-labelledby", "trouble-title");

const title = document.createElement("h2");
title.id = "trouble-title";
title.textContent = "Make trouble";

const why = document.createElement("p");
why.textContent = "Only on this machine: press one while a sync is running, and watch it end complete all the same.";

const row = document.createElement("div");
row.className = "trouble-buttons";

const told = document.createElement("p");
told.className = "trouble-told";
told.setAttribute("role", "status");

section.append(title, why, row, told);
place.append(section);
place.hidden = false;

async function press(name) {
  try {
    const answer = await fetch(`/_local/${name}`, { method: "POST" });
    told.textContent = answer.ok ? (await answer.json()).told : `The local stack answered ${answer.status}.`;
  } catch {
    told.textContent = "The local stack is not running any more.";
  }
}

const buttons = await (await fetch("/_local/buttons")).json();
for (const { name, label } of buttons) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  button.addEventListener("click", () => press(name));
  row.append(button);
}
