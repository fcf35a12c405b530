// Texts and marks over the points, and the image of a saved map.
function node(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function rgbOf(text) {
  const found = /^#([0-9a-f]{6})/i.exec(text.trim());
  if (found) return [0, 2, 4].map((at) => parseInt(found[1].slice(at, at + 2), 16));
  const numbers = text.match(/[\d.]+/g);
  return numbers && numbers.length >= 3 ? numbers.slice(0, 3).map(Number) : [42, 37, 32];
}

function star(ctx, x, y, fill, ink) {
  ctx.beginPath();
  for (let i = 0; i < 10; i += 1) {
    const radius = i % 2 ? 5 : 12, angle = (Math.PI * i) / 5 - Math.PI / 2;
    ctx.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
  }
  ctx.closePath();
  ctx.fillStyle = fill;
  ctx.strokeStyle = ink;
  ctx.lineWidth = 1.5;
  ctx.fill();
  ctx.stroke();
}

function write(ctx, text, x, y, ink, style, size) {
  ctx.font = `600 ${size}px ${style.fontFamily || "sans-serif"}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.lineJoin = "round";
  ctx.strokeStyle = style.getPropertyValue("--st-background-color").trim() || "#fff";
  ctx.lineWidth = 4;
  ctx.strokeText(text, x, y);
  ctx.fillStyle = ink;
  ctx.fillText(text, x, y);
}

/** Break a text into lines of at most `width`. Words are split only if they are longer than a line. */
function wrapped(ctx, text, width) {
  const lines = [""];
  for (const part of text.match(/[\u0000-\u2fff]+?(\s+|$|(?=[\u3000-\uffff]))|[^]/gu) || []) {
    let rest = part;
    if (ctx.measureText((lines.at(-1) + rest).trim()).width > width && lines.at(-1)) lines.push("");
    while (ctx.measureText(rest.trim()).width > width) {
      let fits = 1;
      while (fits < rest.length && ctx.measureText(rest.slice(0, fits + 1)).width <= width) fits += 1;
      lines[lines.length - 1] = rest.slice(0, fits);
      lines.push("");
      rest = rest.slice(fits);
    }
    lines[lines.length - 1] += rest;
  }
  return lines.map((line) => line.trim()).filter((line) => line);
}

/** Return the rows of a legend; an entry is `[x, name, colour]`. */
function legendRows(ctx, scene, width) {
  const rows = [[]], entries = scene.scale ? [] : scene.names.map((name, code) => [name, scene.colours[code]]);
  if (!scene.scale && scene.others) entries.push([scene.others, scene.grey]);
  let used = 12;
  for (const [name, colour] of entries) {
    const wide = ctx.measureText(name).width + 30;
    if (used + wide > width) { rows.push([]); used = 12; }
    rows.at(-1).push([used, name, colour]);
    used += wide;
  }
  return rows;
}

/** Return a canvas with map, legend and note, at `ratio` pixels per CSS pixel. */
function sheetOf(scene, points, style, size, ratio, decorate) {
  const family = style.fontFamily || "sans-serif", sheet = node("canvas"), ctx = sheet.getContext("2d");
  const small = `11px ${family}`, usual = `12px ${family}`;
  ctx.font = usual;
  const rows = legendRows(ctx, scene, size.width);
  ctx.font = small;
  const notes = wrapped(ctx, scene.note, size.width - 24);
  const below = rows.length * 18 + notes.length * 16 + 24;
  sheet.width = points.width;
  sheet.height = Math.round((size.height + below) * ratio);
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.fillStyle = style.getPropertyValue("--st-background-color").trim() || "#fff";
  ctx.fillRect(0, 0, size.width, size.height + below);
  ctx.drawImage(points, 0, 0, size.width, size.height);
  decorate(ctx);
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.font = usual;
  rows.forEach((row, number) => row.forEach(([x, name, colour]) => {
    const y = size.height + 12 + 18 * number;
    ctx.fillStyle = colour;
    ctx.fillRect(x, y - 5, 10, 10);
    ctx.fillStyle = style.color;
    ctx.fillText(name, x + 15, y);
  }));
  ctx.fillStyle = style.color;
  ctx.font = small;
  notes.forEach((line, number) => ctx.fillText(line, 12, size.height + rows.length * 18 + 14 + 16 * number));
  return sheet;
}

function download(sheet, name) {
  sheet.toBlob((blob) => {
    const link = node("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
}
