// A photograph that is dropped on the page goes to this machine's minipose, and comes back as a pose.
"use strict";
const drop = document.querySelector("#drop");
const said = drop.querySelector(".said");
const chosen = drop.querySelector("select");
const about = JSON.parse(drop.querySelector("script").textContent);
const shownIn = drop.querySelector(".panes");
let last = null;
let result = null;
let busy = false;

function say(words, wrong = false) {
  said.textContent = words;
  said.classList.toggle("wrong", wrong);
}

function show() {
  const viewer = { skeleton: result.skeleton, samples: [result.sample], runs: [{ found: [result.found] }] };
  const pane = new Pane("", viewer);
  const [box, on] = switches(layersOf(viewer), () => pane.show(result.sample, result.found, on));
  shownIn.replaceChildren(pane.root);
  drop.querySelector(".layers")?.remove();
  shownIn.before(box);
  pane.show(result.sample, result.found, on);
}

async function send(file) {
  if (busy) return;
  if (file.size > about.bytes) {
    say(`${file.name} has ${(file.size / 2 ** 20).toFixed(1)} MiB, expected at most ${about.bytes / 2 ** 20}.`, true);
    return;
  }
  busy = true;
  last = file;
  say(`Looking at ${file.name} …`);
  try {
    const query = new URLSearchParams({ run: chosen ? chosen.value : 0, name: file.name });
    const headers = { "Content-Type": "application/octet-stream" };
    const answer = await fetch(`/predict?${query}`, { method: "POST", headers, body: file });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error);
    result = told;
    show();
    say(`${file.name}: ${told.seconds.toFixed(1)} s.`);
  } catch (error) {
    say(error instanceof TypeError ? "minipose does not answer: is the command still running?" : error.message, true);
  } finally {
    busy = false;
  }
}

const input = drop.querySelector("input[type=file]");
input.addEventListener("change", () => input.files[0] && send(input.files[0]));
drop.querySelector("button").addEventListener("click", () => input.click());
if (chosen) chosen.addEventListener("change", () => last && send(last));
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.querySelector(".drop").classList.toggle("over", kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files[0]) send(event.dataTransfer.files[0]);
  });
}
