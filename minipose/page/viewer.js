// Predictions one after another, in layers that can be switched off; runs stand side by side.
"use strict";
const SVG = "http://www.w3.org/2000/svg";
const LAYERS = { // key: [words, swatch, whether it is on at first]
  picture: ["picture", "", true],
  mask: ["mask", "var(--found)", true],
  truemask: ["true mask", "var(--truth)", false],
  heat: ["where joints may be", "#edae49", false],
  joints: ["joints", "var(--found)", true],
  truejoints: ["true joints", "var(--truth)", true],
  laid: ["pose in space, laid on the picture", "#8fb4ff", false],
};

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function skeleton(kind, joints, viewer) {
  const group = document.createElementNS(SVG, "g");
  const add = (tag, className, attributes, title) => {
    const one = document.createElementNS(SVG, tag);
    one.setAttribute("class", className);
    for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
    if (title) {
      const words = document.createElementNS(SVG, "title");
      words.textContent = title;
      one.append(words);
    }
    group.append(one);
  };
  for (const [a, b] of viewer.skeleton.limbs) {
    if (!joints[a] || !joints[b]) continue;
    const [x1, y1] = joints[a];
    const [x2, y2] = joints[b];
    // A pixel's centre is at a whole number, and half a pixel from its edge.
    add("line", `limb-${kind}`, { x1: x1 + 0.5, y1: y1 + 0.5, x2: x2 + 0.5, y2: y2 + 0.5 });
  }
  joints.forEach((joint, n) => {
    if (!joint) return;
    const sure = joint.length > 2 ? `, ${joint[2].toFixed(2)}` : "";
    const name = `${viewer.skeleton.names[n]}${kind === "true" ? " (true)" : sure}`;
    const r = viewer.radius;
    add("circle", `joint-${kind}`, { cx: joint[0] + 0.5, cy: joint[1] + 0.5, r }, name);
  });
  return group;
}

// One picture with what was found in it: the heading, the layers, the pose in space.
class Pane {
  constructor(title, viewer) {
    this.viewer = viewer;
    this.stage = make("div", { class: "stage" });
    this.note = make("p", { class: "note", "aria-live": "polite" });
    this.root = make("div", { class: "pane" });
    if (title) this.root.append(make("h3", {}, title));
    this.flat = make("div", {}, this.stage);
    this.both = make("div", { class: "both" }, this.flat);
    this.root.append(this.both, this.note);
    this.pose = null;
  }

  show(sample, found, on) {
    const [width, height] = sample.size;
    this.stage.style.aspectRatio = `${width} / ${height}`;
    this.stage.style.maxWidth = `min(100%, ${Math.round((30 * width) / height)}rem)`;
    const seen = [];
    const image = (key, source, words) => {
      if (source && on[key]) seen.push(make("img", { src: source, alt: words, "data-layer": key }));
    };
    image("picture", sample.picture, `Photograph: ${sample.name}`);
    image("truemask", sample.mask, "True mask of the person");
    image("mask", found.mask, "Predicted mask of the person");
    image("heat", found.heat, "Where the network sees joints");
    const drawing = document.createElementNS(SVG, "svg");
    drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
    drawing.setAttribute("role", "img");
    drawing.setAttribute("aria-label", this.words(sample, found, on));
    const radius = Math.max(width, height) / 85;
    const look = { ...this.viewer, radius };
    if (sample.joints && on.truejoints) drawing.append(skeleton("true", sample.joints, look));
    if (found.joints && on.joints) drawing.append(skeleton("found", found.joints, look));
    if (found.laid && on.laid) {
      drawing.append(skeleton("laid", found.laid, { ...look, skeleton: found.poseSkeleton }));
    }
    this.stage.replaceChildren(...seen, drawing);
    this.note.textContent = found.note || "";
    this.space(sample, found, on);
  }

  words(sample, found, on) {
    const known = (joints) => (joints || []).filter(Boolean).length;
    const parts = [];
    if (on.joints && found.joints) parts.push(`${known(found.joints)} joints found`);
    if (on.truejoints && sample.joints) parts.push(`${known(sample.joints)} true joints`);
    return parts.length ? `${parts.join(", ")}.` : "No joints are shown.";
  }

  space(sample, found, on) {
    if (!found.pose) return;
    if (!this.pose) {
      this.pose = new Pose((found.poseSkeleton || this.viewer.skeleton).limbs);
      this.both.append(make("div", {}, this.pose.canvas, this.pose.buttons));
      this.root.classList.add("space");
    }
    const poses = [];
    const told = [];
    if (sample.pose && on.truejoints) {
      poses.push({ joints: sample.pose, colour: "--truth", width: 3, dash: [5, 6] });
      told.push("The true pose is dashed.");
    }
    if (on.joints) {
      poses.push({ joints: found.pose, colour: "--found", width: 4 });
      told.push("The prediction is solid.");
    }
    this.pose.show(poses, told.join(" "));
  }
}

function layersOf(viewer) {
  const has = (thing, key) => thing.some((one) => one && one[key]);
  const found = viewer.runs.flatMap((run) => run.found);
  return Object.keys(LAYERS).filter((key) => {
    if (key === "picture") return true;
    if (key === "truemask") return has(viewer.samples, "mask");
    if (key === "truejoints") return has(viewer.samples, "joints") || has(viewer.samples, "pose");
    if (key === "joints") return has(found, "joints") || has(found, "pose");
    return has(found, key);
  });
}

// The boxes that switch layers; `changed` is called with {layer: whether it is on}.
function switches(keys, changed) {
  const box = make("fieldset", { class: "layers" }, make("legend", {}, "Show"));
  const on = {};
  for (const key of keys) {
    const [words, colour, first] = LAYERS[key];
    on[key] = first;
    const input = make("input", { type: "checkbox", "data-switch": key });
    input.checked = first;
    input.addEventListener("change", () => {
      on[key] = input.checked;
      changed(on);
    });
    const label = make("label", {}, input, words);
    if (colour) {
      const swatch = make("span", { class: "swatch", "aria-hidden": "true" });
      swatch.style.background = colour;
      label.append(swatch);
    }
    box.append(label);
  }
  return [box, on];
}

function build(root) {
  const viewer = JSON.parse(root.querySelector("script").textContent);
  const panes = viewer.runs.map((run) => new Pane(viewer.runs.length > 1 ? run.name : "", viewer));
  const count = viewer.samples.length;
  let at = 0;
  const [box, on] = switches(layersOf(viewer), () => draw());
  const name = make("span", { class: "which" });
  const range = make("input", { type: "range", min: 1, max: count, value: 1, "aria-label": "picture" });
  const step = (words, by) => {
    const button = make("button", { type: "button", "aria-label": words }, by < 0 ? "←" : "→");
    button.addEventListener("click", () => go(at + by));
    return button;
  };
  range.addEventListener("input", () => go(range.value - 1));
  const steps = make("div", { class: "steps" }, step("previous picture", -1), range, step("next picture", 1), name);
  const row = make("div", { class: "panes" }, ...panes.map((pane) => pane.root));
  root.append(steps, box, row);

  function go(n) {
    at = (n + count) % count;
    draw();
  }
  function draw() {
    range.value = at + 1;
    name.textContent = `${at + 1} of ${count}: ${viewer.samples[at].name}`;
    range.setAttribute("aria-valuetext", name.textContent);
    panes.forEach((pane, n) => pane.show(viewer.samples[at], viewer.runs[n].found[at], on));
  }
  draw();
}

document.querySelectorAll(".viewer").forEach(build);
