// The values under the pointer, or of the epoch that the arrow keys lead to.
"use strict";
for (const figure of document.querySelectorAll(".chart")) {
  const { x, area, lines } = JSON.parse(figure.dataset.curves);
  const svg = figure.querySelector("svg[role]");
  const reading = figure.querySelector(".reading");
  const [left, top, right, bottom] = area;
  const cross = document.createElementNS("http://www.w3.org/2000/svg", "path");
  cross.setAttribute("class", "cross");
  svg.append(cross);
  let at = -1;

  const across = (n) =>
    left + (x.length > 1 ? (x[n] - x[0]) / (x[x.length - 1] - x[0]) : 0.5) * (right - left);

  function read(n) {
    at = Math.max(0, Math.min(x.length - 1, n));
    cross.setAttribute("d", `M${across(at)} ${top}V${bottom}`);
    const known = lines.filter((line) => line.y[at] !== null);
    const words = known.map((line) => `${line.label} ${Number(line.y[at].toPrecision(4))}`);
    reading.textContent = `epoch ${x[at]}: ${words.join(" · ")}`;
  }

  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const place = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
    let nearest = 0;
    x.forEach((_, n) => {
      if (Math.abs(across(n) - place) < Math.abs(across(nearest) - place)) nearest = n;
    });
    read(nearest);
  });
  svg.addEventListener("pointerleave", () => {
    cross.removeAttribute("d");
    reading.textContent = "";
  });
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    read(at < 0 && step === 1 ? 0 : at + step);
  });
}
