// A pose in space, drawn on a canvas, that can be turned by hand or with the arrow keys.
"use strict";
class Pose {
  constructor(limbs) {
    this.limbs = limbs;
    this.yaw = 0.5;
    this.pitch = 0.15;
    this.poses = [];
    this.canvas = document.createElement("canvas");
    this.canvas.className = "turn";
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.buttons = document.createElement("div");
    this.buttons.className = "turns";
    const views = { "as the camera": [0, 0], "from the side": [Math.PI / 2, 0], "from above": [0, Math.PI / 2] };
    for (const [name, [yaw, pitch]] of Object.entries(views)) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = name;
      button.addEventListener("click", () => this.turn(yaw, pitch));
      this.buttons.append(button);
    }
    this.listen();
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  listen() {
    let held = null;
    this.canvas.addEventListener("pointerdown", (event) => {
      held = [event.clientX, event.clientY];
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!held) return;
      const [x, y] = held;
      held = [event.clientX, event.clientY];
      this.turn(this.yaw + (held[0] - x) / 120, this.pitch + (held[1] - y) / 120);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      this.canvas.addEventListener(end, () => (held = null));
    }
    this.canvas.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, -0.15], ArrowDown: [0, 0.15] };
      const step = steps[event.key];
      if (!step) return;
      event.preventDefault();
      this.turn(this.yaw + step[0], this.pitch + step[1]);
    });
  }

  turn(yaw, pitch) {
    this.yaw = yaw;
    this.pitch = Math.max(-Math.PI / 2, Math.min(Math.PI / 2, pitch));
    this.draw();
  }

  // poses: [{joints, colour (a variable of the style), width}], words: what they are
  show(poses, words) {
    this.poses = poses;
    const help = "Drag, or use the arrow keys, to turn it.";
    this.canvas.setAttribute("aria-label", `Pose in space. ${words} ${help}`);
    this.draw();
  }

  // mm (x right, y down, z away) -> right, down and depth as seen now
  seen([x, y, z]) {
    const [c, s] = [Math.cos(this.yaw), Math.sin(this.yaw)];
    const [across, away] = [c * x + s * z, c * z - s * x];
    const [p, q] = [Math.cos(this.pitch), Math.sin(this.pitch)];
    return [across, p * y - q * away, q * y + p * away];
  }

  draw() {
    const size = this.canvas.clientWidth;
    if (!size) return;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = this.canvas.height = Math.round(size * ratio);
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const style = getComputedStyle(this.canvas);
    const all = this.poses.flatMap((pose) => pose.joints);
    // Far enough for every direction, so that the size does not jump while it turns.
    const middle = [0, 1, 2].map((k) => {
      const values = all.map((joint) => joint[k]);
      return (Math.min(...values) + Math.max(...values)) / 2;
    });
    const reach = Math.max(500, ...all.map((j) => Math.hypot(...j.map((v, k) => v - middle[k]))));
    const scale = (0.46 * size) / reach;
    const place = (joint) => {
      const [x, y, z] = this.seen(joint.map((v, k) => v - middle[k]));
      return [size / 2 + scale * x, size / 2 + scale * y, z / reach];
    };
    pen.lineCap = "round";
    for (const pose of this.poses) {
      const points = pose.joints.map(place);
      pen.strokeStyle = pen.fillStyle = style.getPropertyValue(pose.colour);
      for (const [a, b] of this.limbs) {
        const near = 1 - (points[a][2] + points[b][2]) / 4; // nearer limbs are thicker
        pen.lineWidth = pose.width * near;
        pen.setLineDash(pose.dash || []);
        pen.beginPath();
        pen.moveTo(points[a][0], points[a][1]);
        pen.lineTo(points[b][0], points[b][1]);
        pen.stroke();
      }
      pen.setLineDash([]);
      for (const [x, y, z] of points) {
        pen.beginPath();
        pen.arc(x, y, (pose.width + 1) * (1 - z / 2) * 0.7, 0, 2 * Math.PI);
        pen.fill();
      }
    }
  }
}
