// A map of specimens: points, an overlay of names and contours, a toolbar and a legend. The Map screen of the app and
// the standalone page use it, each after `places.js`, `painter.js` and `sheet.js` in one script.
/** Mount a map in an element. `send(message)` reports picks and selections, `ask(ids)` requests pictures. */
function mountMap(root, send, ask) {
  const words = {};
  const bar = node("div", "bar"), stage = node("div", "stage"), legend = node("div", "legend");
  const canvas = node("canvas", "points"), above = node("canvas", "above"), tip = node("div", "tip");
  above.tabIndex = 0;
  tip.hidden = true;
  stage.append(canvas, above, tip);
  root.replaceChildren(bar, stage, legend);
  const paint = painter(canvas), pen = above.getContext("2d"), pictures = new Map();
  const view = { x: 0, y: 0, zoom: 1, yaw: 0.6, pitch: 0.45, turn: turnBy(0, 0), width: 1, height: 1, size: 8, deep: false, first: true, rush: false, slow: false, ink: [42, 37, 32] };
  const hidden = new Set();
  let scene = null, points = null, codes = null, looks = null, mode = "move", drawn = null;
  let found = null, chosen = -1, selected = new Set(), trail = null, hover = -1, pending = false, held = null, rest = 0;
  const at = [0, 0, 0];

  function measure() {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    view.width = Math.max(50, stage.clientWidth);
    view.height = Math.max(50, stage.clientHeight);
    for (const one of [canvas, above]) {
      one.width = Math.round(view.width * ratio);
      one.height = Math.round(view.height * ratio);
    }
    redraw();
  }

  /** Draw a moving map, and draw all points 180 ms after the last move. */
  function move() {
    view.rush = view.slow;
    clearTimeout(rest);
    rest = setTimeout(() => { view.rush = false; redraw(); }, 180);
    redraw();
  }

  function redraw() {
    if (pending || !points) return;
    pending = true;
    requestAnimationFrame(() => { pending = false; frame(); });
  }

  function frame() {
    if (!points) return;
    view.deep = points.d === 3;
    view.turn = view.deep ? turnBy(view.yaw, view.pitch) : turnBy(0, 0);
    const fit = view.deep ? Math.min(view.width, view.height) / 2.6
      : Math.min(view.width / points.flat[0], view.height / points.flat[1]) / 2.15;
    view.scale = fit * view.zoom;
    const base = points.n > 50000 ? 3.5 : points.n > 8000 ? 5 : points.n > 1500 ? 7 : 10;
    view.size = base * Math.min(2.2, Math.max(0.8, Math.sqrt(view.zoom) ** 0.7));
    paint.draw(view);
    // The first frame compiles the shaders; the second one draws all points.
    if (view.first) { view.first = false; redraw(); }
    overlay(pen, canvas.width / view.width);
    root.dataset.frames = String(Number(root.dataset.frames || 0) + 1);
  }

  const place = (x, y) => [
    view.width / 2 + ((x - points.middle[0]) / points.half - view.x) * view.scale,
    view.height / 2 - ((y - points.middle[1]) / points.half - view.y) * view.scale,
  ];

  function overlay(ctx, ratio) {
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, view.width, view.height);
    decorate(ctx);
    if (trail) {
      ctx.beginPath();
      for (const [x, y] of outline()) ctx.lineTo(x, y);
      ctx.closePath();
      ctx.fillStyle = "rgba(148, 71, 27, 0.10)";
      ctx.strokeStyle = accent();
      ctx.lineWidth = 1.5;
      ctx.fill();
      ctx.stroke();
    }
  }

  function accent() {
    return getComputedStyle(root).getPropertyValue("--st-primary-color").trim() || "#94471b";
  }

  function decorate(ctx) {
    const style = getComputedStyle(root), ink = style.color;
    view.ink = rgbOf(ink);
    if (!view.deep && shows.contours) {
      for (const contour of scene.contours) {
        ctx.beginPath();
        for (let i = 0; i < contour.line.length; i += 2) ctx.lineTo(...place(contour.line[i], contour.line[i + 1]));
        ctx.strokeStyle = ink;
        ctx.globalAlpha = contour.share > 0.9 ? 0.25 : contour.share > 0.6 ? 0.4 : 0.6;
        ctx.lineWidth = 1;
        ctx.stroke();
      }
      ctx.globalAlpha = 1;
    }
    if (!view.deep && shows.labels) names(ctx, ink, style);
    for (const newcomer of scene.newcomers) {
      const [x, y] = view.deep ? deepPlace(newcomer) : place(newcomer.x, newcomer.y);
      star(ctx, x, y, accent(), ink);
      write(ctx, newcomer.name, x, y - 18, ink, style, 12);
    }
    if (chosen >= 0) {
      project(view, points.xyz, chosen, at);
      ctx.beginPath();
      ctx.arc(at[0], at[1], view.size * 0.55 + 6, 0, 2 * Math.PI);
      ctx.strokeStyle = accent();
      ctx.lineWidth = 3;
      ctx.stroke();
    }
  }

  function deepPlace(newcomer) {
    const xyz = [newcomer.x, newcomer.y, newcomer.z || 0].map((value, k) => (value - points.middle[k]) / points.half);
    project(view, xyz, 0, at);
    return [at[0], at[1]];
  }

  function names(ctx, ink, style) {
    const taken = [];
    for (const label of scene.labels) {
      const [x, middle] = place(label.x, label.y), y = scene.n > 1500 ? middle : middle - 14;
      ctx.font = `600 12px ${style.fontFamily || "sans-serif"}`;
      const half = ctx.measureText(label.text).width / 2 + 4;
      const box = [x - half, y - 9, x + half, y + 9];
      if (taken.some((b) => box[0] < b[2] && box[2] > b[0] && box[1] < b[3] && box[3] > b[1])) continue;
      taken.push(box);
      write(ctx, label.text, x, y, ink, style, 12);
    }
  }

  /** Update colour and state of every point, and the drawing order. */
  function relook() {
    const { n } = points, colours = new Uint8Array(4 * n);
    looks = new Uint8Array(2 * n);
    const palette = scene.colours.map(rgbOf), grey = rgbOf(scene.grey);
    const marks = scene.symbols.map((name) => Math.max(0, SHAPES.indexOf(name)));
    const emphasised = found || (selected.size ? selected : null);
    const tiers = [[], [], []];
    for (let i = 0; i < n; i += 1) {
      const code = codes[i], rgb = code < 0 ? grey : palette[code];
      colours.set(rgb, 4 * i);
      colours[4 * i + 3] = 255;
      looks[2 * i] = code < 0 || view.deep || scene.scale ? 0 : marks[code];
      let state = emphasised ? (emphasised.has(i) ? STRONG : DIM) : PLAIN;
      if (hidden.has(code)) state = HIDDEN;
      looks[2 * i + 1] = state;
      if (state !== HIDDEN) tiers[state === DIM ? 0 : code < 0 ? 0 : state === STRONG ? 2 : 1].push(i);
    }
    drawn = new Uint32Array(tiers[0].length + tiers[1].length + tiers[2].length);
    drawn.set(tiers[0]);
    drawn.set(tiers[1], tiers[0].length);
    drawn.set(tiers[2], tiers[0].length + tiers[1].length);
    // On a slow machine, only a sample of the points is drawn while the map moves.
    const step = Math.ceil(drawn.length / 8000), strong = new Set(tiers[2].slice(0, 8000));
    paint.looks(colours, looks, drawn, drawn.filter((row, place) => place % step === 0 || strong.has(row)));
    root.dataset.selected = String(selected.size);
    root.dataset.found = found ? String(found.size) : "";
    redraw();
  }

  function nearest(x, y, reach) {
    let best = -1, bestAway = reach * reach, bestDepth = -Infinity;
    for (const row of drawn) {
      project(view, points.xyz, row, at);
      const away = (at[0] - x) ** 2 + (at[1] - y) ** 2;
      if (away < bestAway - 4 || (away < bestAway && at[2] >= bestDepth)) [best, bestAway, bestDepth] = [row, away, at[2]];
    }
    return best;
  }

  function factsOf(row) {
    const id = points.ids[row], cut = id.lastIndexOf("/");
    const lines = [[words.category, cut > 0 ? id.slice(0, cut).replaceAll("/", " › ") : words.none]];
    for (const fact of scene.facts) lines.push([fact.name, fact.names[fact.codes[row]] ?? words.none]);
    return lines;
  }

  function showTip(row, x, y) {
    hover = row;
    above.style.cursor = row >= 0 && mode === "move" ? "pointer" : mode === "move" ? "grab" : "crosshair";
    tip.hidden = row < 0;
    if (row < 0) return;
    const id = points.ids[row];
    tip.replaceChildren();
    const url = pictures.get(id);
    if (url) {
      const image = node("img");
      image.src = url;
      image.alt = "";
      tip.append(image);
    } else if (url === undefined) {
      tip.append(node("div", "waiting"));
      wish(row, x, y);
    }
    tip.append(node("div", "name", id.slice(id.lastIndexOf("/") + 1)));
    for (const [name, value] of factsOf(row)) {
      const line = node("div", "fact");
      line.append(node("span", "", `${name}: `), node("b", "", String(value)));
      tip.append(line);
    }
    const left = x + 18 + tip.offsetWidth > view.width ? x - tip.offsetWidth - 14 : x + 18;
    tip.style.left = `${Math.max(0, left)}px`;
    tip.style.top = `${Math.max(0, Math.min(y - 20, view.height - tip.offsetHeight))}px`;
  }

  /** Request the picture of a point, and those of nearby points in advance. */
  function wish(row, x, y) {
    const around = [];
    for (const other of drawn) {
      if (pictures.has(points.ids[other])) continue;
      project(view, points.xyz, other, at);
      const away = (at[0] - x) ** 2 + (at[1] - y) ** 2;
      if (away < 90 * 90) around.push([away, other]);
    }
    around.sort((one, two) => one[0] - two[0]);
    const wanted = [row, ...around.slice(0, 24).map((pair) => pair[1]).filter((other) => other !== row)];
    ask(wanted.map((other) => points.ids[other]));
  }

  const outline = () => (mode === "box" && trail.length > 1
    ? [trail[0], [trail.at(-1)[0], trail[0][1]], trail.at(-1), [trail[0][0], trail.at(-1)[1]]] : trail);

  function finishTrail(event) {
    const line = outline(), rows = [];
    trail = null;
    if (line.length > 2) {
      for (const row of drawn) {
        project(view, points.xyz, row, at);
        if (inPolygon(line, at[0], at[1])) rows.push(row);
      }
    }
    const how = event.altKey ? "remove" : event.shiftKey ? "add" : "replace";
    if (rows.length || how === "replace") send({ action: "select", how, rows: rows.sort((a, b) => a - b), key: scene.key });
    redraw();
  }

  const where = (event) => {
    const box = above.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  above.onpointerdown = (event) => {
    if (!points || event.button > 1) return;
    above.setPointerCapture(event.pointerId);
    const [x, y] = where(event);
    held = { x, y, moved: 0, pan: event.button === 1 || (event.shiftKey && view.deep) };
    if (mode !== "move" && event.button === 0) trail = [[x, y]];
  };
  above.onpointermove = (event) => {
    if (!points) return;
    const [x, y] = where(event);
    if (!held) {
      const row = nearest(x, y, 14);
      if (row !== hover || row >= 0) showTip(row, x, y);
      return;
    }
    const dx = x - held.x, dy = y - held.y;
    held.moved += Math.abs(dx) + Math.abs(dy);
    [held.x, held.y] = [x, y];
    tip.hidden = true;
    if (trail) trail.push([x, y]);
    else if (held.moved > 3 && view.deep && !held.pan) {
      view.yaw += dx * 0.008;
      view.pitch = Math.max(-1.5, Math.min(1.5, view.pitch + dy * 0.008));
    } else if (held.moved > 3) {
      view.x -= dx / view.scale;
      view.y += dy / view.scale;
    }
    if (trail) overlay(pen, canvas.width / view.width);
    else move();
  };
  above.onpointerup = (event) => {
    if (!held) return;
    const { moved } = held;
    held = null;
    const [x, y] = where(event);
    if (moved > 4 && trail) { finishTrail(event); return; }
    trail = null;
    if (moved > 4) return;
    const row = nearest(x, y, 14);
    if (row >= 0 && event.shiftKey) send({ action: "select", how: selected.has(row) ? "remove" : "add", rows: [row], key: scene.key });
    else if (row >= 0) { chosen = row; redraw(); send({ action: "pick", id: points.ids[row] }); }
  };
  above.onpointerleave = () => { if (!held) showTip(-1); };
  above.ondblclick = () => reset();
  above.addEventListener("wheel", (event) => {
    event.preventDefault();
    const [x, y] = where(event);
    zoomAt(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), x, y);
  }, { passive: false });
  above.onkeydown = (event) => {
    const step = 40 / view.scale;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    const move = moves[event.key];
    if (move && view.deep) { view.yaw -= Math.sign(move[0]) * 0.1; view.pitch -= Math.sign(move[1]) * 0.1; }
    else if (move) { view.x += move[0]; view.y += move[1]; }
    else if (event.key === "+" || event.key === "=") zoomAt(1.25, view.width / 2, view.height / 2);
    else if (event.key === "-") zoomAt(0.8, view.width / 2, view.height / 2);
    else if (event.key === "0") reset();
    else return;
    event.preventDefault();
    event.stopPropagation();
    redraw();
  };

  function zoomAt(factor, x, y) {
    const zoom = Math.min(400, Math.max(0.4, view.zoom * factor)), real = zoom / view.zoom;
    const gx = view.x + (x - view.width / 2) / view.scale, gy = view.y - (y - view.height / 2) / view.scale;
    view.x = gx - (gx - view.x) / real;
    view.y = gy - (gy - view.y) / real;
    view.zoom = zoom;
    move();
  }

  function reset() {
    Object.assign(view, { x: 0, y: 0, zoom: 1, yaw: 0.6, pitch: 0.45 });
    redraw();
  }

  const shows = { labels: true, contours: true };

  function button(name, pressed, act) {
    const made = node("button", "", words[name]);
    made.type = "button";
    made.dataset.act = name;
    if (words[`${name}Help`]) made.title = words[`${name}Help`];
    if (pressed !== null) made.setAttribute("aria-pressed", String(pressed));
    made.onclick = () => { act(); buildBar(); redraw(); };
    return made;
  }

  const search = node("input");
  search.type = "search";
  search.oninput = () => { seek(search.value); buildBar(); };
  const total = node("span", "total");

  function seek(text) {
    const wanted = text.trim().toLowerCase();
    found = null;
    if (wanted) {
      found = new Set();
      const facts = scene.facts.map((fact) => fact.names.map((name) => String(name).toLowerCase().includes(wanted)));
      points.ids.forEach((id, row) => {
        if (id.toLowerCase().includes(wanted) || scene.facts.some((fact, k) => facts[k][fact.codes[row]])) found.add(row);
      });
    }
    relook();
  }

  function buildBar() {
    search.placeholder = words.find;
    search.setAttribute("aria-label", words.find);
    total.textContent = found ? `${words.found} ${found.size}` : selected.size ? `${words.selected} ${selected.size}` : "";
    const modes = node("span", "group");
    for (const name of ["move", "lasso", "box"]) modes.append(button(name, mode === name, () => { mode = name; showTip(-1); }));
    const sights = node("span", "group");
    if (points && points.d === 2) {
      for (const name of ["labels", "contours"]) sights.append(button(name, shows[name], () => { shows[name] = !shows[name]; }));
    }
    sights.append(button("whole", null, reset), button("png", null, () => savePicture()));
    const parts = [modes, sights, search, total];
    if (found && found.size && !scene.alone) {
      parts.push(button("take", null, () => send({ action: "select", how: "replace", rows: [...found], key: scene.key })));
    }
    if (selected.size && !scene.alone) parts.push(button("clear", null, () => send({ action: "select", how: "replace", rows: [], key: scene.key })));
    if (parts.some((part, k) => bar.children[k] !== part)) {
      const typing = root.getRootNode().activeElement === search;
      bar.replaceChildren(...parts);
      if (typing) search.focus();
    }
  }

  function buildLegend() {
    legend.replaceChildren(node("b", "", scene.column));
    if (scene.scale) {
      const strip = node("span", "strip");
      strip.style.background = `linear-gradient(90deg, ${scene.colours.filter((_, k) => k % 25 === 0).join(",")})`;
      legend.append(node("span", "", scene.scale[0]), strip, node("span", "", scene.scale[1]));
      return;
    }
    const entries = scene.names.map((name, code) => [code, name, scene.colours[code], scene.symbols[code]]);
    if (scene.others) entries.push([-1, scene.others, scene.grey, "circle"]);
    for (const [code, name, colour, symbol] of entries) {
      const chip = node("button", "chip");
      chip.type = "button";
      chip.title = words.hide;
      chip.setAttribute("aria-pressed", String(!hidden.has(code)));
      const mark = node("span", `mark ${view.deep || points.d === 3 ? "circle" : symbol}`);
      mark.style.background = colour;
      chip.append(mark, node("span", "", `${name} ${scene.counts[code] ?? scene.counts[scene.names.length]}`));
      chip.onclick = () => {
        if (hidden.has(code)) hidden.delete(code); else hidden.add(code);
        relook();
        buildLegend();
      };
      legend.append(chip);
    }
  }

  /** Save the current view as PNG at three times the resolution, with legend and note. */
  function savePicture() {
    const ratio = Math.min(3, 4000 / view.width), keep = [canvas.width, canvas.height];
    canvas.width = Math.round(view.width * ratio);
    canvas.height = Math.round(view.height * ratio);
    view.rush = false;
    paint.draw(view);
    const sheet = sheetOf(scene, canvas, getComputedStyle(root), view, ratio, decorate);
    [canvas.width, canvas.height] = keep;
    download(sheet, `${scene.file}.png`);
    redraw();
  }

  const watcher = new ResizeObserver(measure);
  watcher.observe(stage);

  return {
    show(next) {
      const same = scene && scene.key === next.key, recoloured = !scene || scene.look !== next.look;
      scene = next;
      Object.assign(words, scene.words);
      stage.style.height = `clamp(${scene.height}px, 62vh, 1400px)`;
      above.setAttribute("aria-label", words.label);
      above.setAttribute("role", "application");
      if (!same) {
        points = unpack(scene);
        view.deep = points.d === 3;
        found = null;
        search.value = "";
        for (const [id, url] of Object.entries(scene.pictures || {})) pictures.set(id, url);
        paint.places(points.xyz);
        reset();
      }
      if (!same || recoloured) {
        codes = new Int16Array(bytesOf(scene.codes));
        for (const fact of scene.facts) if (typeof fact.codes === "string") fact.codes = new Int32Array(bytesOf(fact.codes));
        hidden.clear();
      } else for (const fact of scene.facts) if (typeof fact.codes === "string") fact.codes = new Int32Array(bytesOf(fact.codes));
      chosen = scene.chosen;
      selected = new Set(scene.selected);
      buildLegend();
      buildBar();
      relook();
      root.dataset.state = "ready";
      root.dataset.count = String(points.n);
    },
    pictures(given) {
      for (const [id, url] of Object.entries(given)) pictures.set(id, url);
      if (hover >= 0 && points.ids[hover] in given && !tip.hidden) {
        const box = [parseFloat(tip.style.left), parseFloat(tip.style.top)];
        showTip(hover, box[0] - 18, box[1] + 20);
      }
    },
    /** Return the screen position of a specimen or a newcomer; used by tests. */
    whereIs(id) {
      const row = points.ids.indexOf(id), guest = scene.newcomers.find((newcomer) => newcomer.name === id);
      if (row >= 0) project(view, points.xyz, row, at);
      const [x, y] = row >= 0 || !guest ? at : view.deep ? deepPlace(guest) : place(guest.x, guest.y);
      const box = above.getBoundingClientRect();
      return [box.left + x, box.top + y];
    },
    close() {
      watcher.disconnect();
      paint.lose();
    },
  };
}
