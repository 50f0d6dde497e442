// A button that copies the code of a cell.
"use strict";
addEventListener("DOMContentLoaded", () => {
  for (const block of document.querySelectorAll("div.highlight")) {
    const code = block.querySelector("pre");
    if (!code || block.closest(".cell_output")) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "copy";
    button.setAttribute("aria-label", "copy this code");
    button.addEventListener("click", async () => {
      const text = code.textContent.replace(/\n$/, "");
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        const range = document.createRange(); // without the right to write: at least selected
        range.selectNodeContents(code);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        if (!document.execCommand("copy")) return;
        getSelection().removeAllRanges();
      }
      button.textContent = "copied";
      setTimeout(() => (button.textContent = "copy"), 1500);
    });
    block.append(button);
  }
});

// What moves says how high it is.
addEventListener("message", (event) => {
  const height = Number(event.data && event.data.height);
  if (!(height > 100 && height < 3000)) return;
  for (const frame of document.querySelectorAll("iframe.moving")) {
    if (frame.contentWindow === event.source) frame.style.height = `${height + 4}px`;
  }
});
