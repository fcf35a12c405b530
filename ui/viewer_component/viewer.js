// One to six specimens in viewports that turn together.
//
// Python sends a scene: a header in JSON and an archive that PyVista exported for vtk.js. The
// archive is drawn by the vtk.js page of the trame-vtk package inside an iframe that stays
// alive, so that the next scene needs no new page. Titles, scale bars and buttons are HTML over
// the canvas, because text in the scene does not survive the export.

const SHELL_SECONDS = 20;
const SCENE_SECONDS = 20;
const FAST_FRAME_MS = 8;
const SLOW_FRAME_MS = 120;
const SCENES_PER_PAGE = 24;
const STALE_MS = 3000;
const PAINT_MS = 50;
const IDLE_MS = 250;
const LEAST_POINT_PIXELS = 2;
const MOST_POINT_PIXELS = 9;
const REFINE_AFTER_MS = 500;
const REPRESENTATION = { points: 0, wireframe: 1, surface: 2 };
// Directions from which a camera looks, and what is up: z is up in the scene.
const VIEWS = {
  front: [[0, -1, 0], [0, 0, 1]],
  back: [[0, 1, 0], [0, 0, 1]],
  left: [[-1, 0, 0], [0, 0, 1]],
  right: [[1, 0, 0], [0, 0, 1]],
  top: [[0, 0, 1], [0, 1, 0]],
  bottom: [[0, 0, -1], [0, 1, 0]],
};

export default function (component) {
  const root = component.parentElement.querySelector(".viewer");
  root.specimenViewer ??= new Viewer(root);
  root.specimenViewer.accept(component);
  return () => {
    root.specimenViewer?.dispose();
    delete root.specimenViewer;
  };
}

class Viewer {
  constructor(root) {
    this.root = root;
    this.stage = root.querySelector(".stage");
    this.cells = root.querySelector(".cells");
    this.bar = root.querySelector(".bar");
    this.busy = root.querySelector(".busy");
    this.latest = 0;
    this.ratio = window.devicePixelRatio;
    this.observer = new ResizeObserver(() => this.drawScaleBars());
    this.observer.observe(root);
    root.addEventListener("keydown", (event) => this.onKey(event));
  }

  accept({ data, setStateValue }) {
    this.setStateValue = setStateValue;
    const scene = unpack(data);
    if (scene.fingerprint === this.scene?.fingerprint) {
      this.scene = scene;
      if (this.renderers) {
        this.matchTheme();
        this.setStyle(this.style, false);
        this.drawCells();
        this.draw();
      }
      return;
    }
    const previous = this.scene;
    this.scene = scene;
    this.root.style.height = `${scene.height}px`;
    this.root.setAttribute("aria-label", scene.label);
    this.root.dataset.state = "loading";
    this.busy.hidden = false;
    const turn = ++this.latest;
    this.show(scene, previous, turn).catch((error) => {
      console.error(error);
      if (turn === this.latest) this.fail(error.message);
    });
  }

  async show(scene, previous, turn) {
    const page = await this.openPage();
    await idle();
    if (turn !== this.latest) return;
    const window_ = page.contentWindow;
    const camera = this.camera && previous?.subject === scene.subject ? poseOf(this.camera) : null;
    const before = { layer: this.layer, renderWindow: this.renderWindow, page: this.layer?.ownerDocument.defaultView?.frameElement };

    const layer = window_.document.createElement("div");
    // What is drawn while the scene comes together is thrown away, so it is drawn small.
    layer.style.cssText = "position:absolute;width:16px;height:16px;overflow:hidden;visibility:hidden";
    window_.document.body.append(layer);
    clearTimeout(this.refining);
    this.ratio = window.devicePixelRatio;
    // Typed arrays have to belong to the page that tests what they are.
    const archive = new window_.Uint8Array(scene.archive);
    layer.resizers = listenersAdded(window_, "resize", () => window_.OfflineLocalView.load(layer, { file: archive }));
    const renderWindow = window_.global.renderWindow;
    const renderers = await drawn(window_, renderWindow, scene.titles.length, () => turn !== this.latest);
    if (!renderers) {
      // It is still being read; without its context it would complain.
      setTimeout(() => discard(layer, renderWindow), STALE_MS);
      return;
    }
    this.layer = layer;
    this.renderWindow = renderWindow;
    this.renderers = renderers;
    this.subscription?.unsubscribe();
    this.prepareCamera(camera);
    this.matchTheme();
    this.setStyle(this.style ?? scene.style, false);
    this.drawCells();
    this.drawBar();
    for (const renderer of renderers) renderer.resetCameraClippingRange();
    layer.style.cssText = "position:absolute;inset:0;overflow:hidden";
    for (const resize of layer.resizers) resize();
    this.adaptToSpeed();
    idle().then(() => {
      discard(before.layer, before.renderWindow);
      if (before.page !== page) before.page?.remove();
    });
    layer.querySelector("canvas").addEventListener("webglcontextlost", () => {
      if (this.layer === layer) this.fail("context-lost");
    });
    this.busy.hidden = true;
    this.root.dataset.scene = scene.fingerprint;
    this.root.dataset.state = "ready";
  }

  // The page never forgets a scene, so it is replaced after some of them.
  async openPage() {
    if (this.page?.contentWindow?.OfflineLocalView && this.scenesOnPage < SCENES_PER_PAGE) {
      this.scenesOnPage += 1;
      return this.page;
    }
    this.opening ??= this.newPage().finally(() => {
      this.opening = null;
    });
    return this.opening;
  }

  async newPage() {
    const test = document.createElement("canvas");
    if (!test.getContext("webgl2") && !test.getContext("webgl")) throw new Error("no-webgl");
    const shell = await shellPage();
    const page = document.createElement("iframe");
    page.title = this.scene.label;
    page.tabIndex = -1;
    const opened = new Promise((resolve, reject) => {
      // The page calls this once its own scripts are there; without it, it would ask for a file.
      page.onViewerReady = resolve;
      setTimeout(() => reject(new Error("timeout")), SHELL_SECONDS * 1000);
    });
    const hook = "<script>window.loadDataSet = () => window.frameElement.onViewerReady();</script>";
    page.srcdoc = shell.replace("</body>", () => `${hook}</body>`);
    this.stage.append(page);
    await opened;
    page.contentDocument.body.style.cssText = "margin:0;overflow:hidden;background:transparent";
    Object.defineProperty(page.contentWindow, "devicePixelRatio", { get: () => this.ratio });
    this.page = page;
    this.scenesOnPage = 1;
    return page;
  }

  prepareCamera(pose) {
    this.camera = this.renderers[0].getActiveCamera();
    for (const renderer of this.renderers) renderer.setActiveCamera(this.camera);
    this.camera.setParallelProjection(true);
    this.home = poseOf(this.camera);
    if (pose) applyPose(this.camera, pose);
    else this.fit();
    this.subscription = this.camera.onModified(() => {
      this.moveLights();
      this.sizePoints();
      this.drawScaleBars();
    });
    this.moveLights();
  }

  // A specimen lies in a sphere of radius 1 around the origin; fit that into one viewport.
  fit() {
    const { width, height } = this.cellSize();
    this.camera.setFocalPoint(0, 0, 0);
    this.camera.setParallelScale(1.02 / Math.min(1, width / Math.max(1, height)));
  }

  cellSize() {
    return {
      width: this.root.clientWidth / this.scene.columns,
      height: this.root.clientHeight / this.scene.rows,
    };
  }

  // vtk.js moves only the headlight with the camera; the others are moved here.
  moveLights() {
    const forward = this.camera.getDirectionOfProjection();
    const up = orthogonal(this.camera.getViewUp(), forward);
    const right = cross(forward, up);
    for (const renderer of this.renderers) {
      const lights = renderer.getLights();
      this.scene.lights.forEach(([x, y, z], index) => {
        const light = lights[index];
        if (!light) return;
        light.setLightTypeToSceneLight();
        light.setPositional(false);
        light.setFocalPoint(0, 0, 0);
        light.setPosition(...[0, 1, 2].map((axis) => x * right[axis] + y * up[axis] - z * forward[axis]));
      });
    }
  }

  draw() {
    for (const renderer of this.renderers) renderer.resetCameraClippingRange();
    this.renderWindow.render();
  }

  matchTheme() {
    const look = getComputedStyle(this.root);
    this.ink = channels(look.color) ?? [0.16, 0.15, 0.13];
    const ground = channels(look.backgroundColor) ?? [0.95, 0.93, 0.89];
    // The others too: those of empty viewports and the one behind all.
    for (const renderer of this.renderWindow.getRenderers()) renderer.setBackground(...ground);
  }

  setStyle(style, draw = true) {
    this.style = style === "colour" && !this.scene.hasColours ? "clay" : style;
    const representation = REPRESENTATION[this.style] ?? REPRESENTATION.surface;
    this.renderers.forEach((renderer, index) => {
      const isCloud = this.scene.clouds[index];
      for (const actor of renderer.getActors()) {
        const isSurface = isCloud || representation === REPRESENTATION.surface;
        actor.getProperty().setRepresentation(isCloud ? REPRESENTATION.points : representation);
        // Thin lines and dots of clay would vanish on a light ground: they are drawn in ink.
        actor.getMapper().setScalarVisibility(isSurface);
        actor.getProperty().setColor(...this.ink);
      }
    });
    this.sizePoints();
    for (const button of this.bar.querySelectorAll("[data-style]")) {
      button.setAttribute("aria-pressed", String(button.dataset.style === this.style));
    }
    if (draw) this.renderWindow.render();
  }

  // The points of a cloud touch one another at any zoom, as far as they may grow.
  sizePoints() {
    const pixelsPerRadius = this.cellSize().height / (2 * this.camera.getParallelScale());
    this.renderers.forEach((renderer, index) => {
      const pixels = Math.min(MOST_POINT_PIXELS, Math.max(LEAST_POINT_PIXELS, 1.7 * this.scene.spacings[index] * pixelsPerRadius));
      for (const actor of renderer.getActors()) actor.getProperty().setPointSize(pixels * this.ratio);
    });
  }

  look(name) {
    const [from, up] = VIEWS[name];
    this.camera.setPosition(...from.map((value) => value * 5));
    this.camera.setViewUp(...up);
    this.fit();
    this.draw();
  }

  reset() {
    applyPose(this.camera, this.home);
    this.fit();
    this.draw();
  }

  async snapshot() {
    const [image] = await Promise.all(this.renderWindow.captureImages());
    const link = document.createElement("a");
    link.href = image;
    link.download = `${this.scene.titles[0].replace(/[^\w.-]+/g, "_")}.png`;
    link.click();
  }

  onKey(event) {
    if (!this.camera || event.target !== this.root) return;
    const act = {
      ArrowLeft: () => this.camera.azimuth(-6),
      ArrowRight: () => this.camera.azimuth(6),
      ArrowUp: () => this.camera.elevation(6),
      ArrowDown: () => this.camera.elevation(-6),
      "+": () => this.camera.setParallelScale(this.camera.getParallelScale() / 1.15),
      "-": () => this.camera.setParallelScale(this.camera.getParallelScale() * 1.15),
      r: () => this.reset(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
    this.camera.orthogonalizeViewUp();
    this.draw();
  }

  drawCells() {
    const { rows, columns, titles, badges } = this.scene;
    this.cells.style.gridTemplate = `repeat(${rows}, 1fr) / repeat(${columns}, 1fr)`;
    this.cells.replaceChildren(
      ...titles.map((title, index) => {
        const cell = element("div", "cell");
        cell.classList.toggle("first-of-row", index % columns === 0);
        cell.classList.toggle("below", index >= columns);
        const line = element("div", "title");
        const name = document.createElement("span");
        name.append(element("bdi", "", title));
        line.append(element("b", index === 0 ? "query" : "", badges[index]), name);
        const scale = element("div", "scale");
        scale.append(element("span", "", ""), document.createElement("i"));
        cell.append(line, scale);
        return cell;
      }),
    );
    this.drawScaleBars();
  }

  // The longest of 1, 2, 5 × 10ⁿ units of the file that fits in a fifth of the viewport.
  drawScaleBars() {
    if (!this.camera || !this.scene) return;
    const { width, height } = this.cellSize();
    const pixelsPerRadius = height / (2 * this.camera.getParallelScale());
    [...this.cells.children].forEach((cell, index) => {
      const pixelsPerUnit = pixelsPerRadius / this.scene.radii[index];
      const most = (width * 0.2) / pixelsPerUnit;
      const power = 10 ** Math.floor(Math.log10(most));
      const length = [5, 2, 1].map((step) => step * power).find((value) => value <= most) ?? power;
      const [label, rule] = cell.querySelector(".scale").children;
      label.textContent = `${Number(length.toPrecision(1))} ${this.scene.unit}`;
      rule.style.width = `${length * pixelsPerUnit}px`;
    });
  }

  drawBar() {
    const { words, hasColours } = this.scene;
    const styles = ["clay", ...(hasColours ? ["colour"] : []), "wireframe", "points"];
    const looks = element("div", "group");
    for (const style of styles) {
      const button = this.button(words[style], () => {
        this.setStyle(style);
        const needsColour = style === "colour";
        // Only clay and colour are different scenes; wires and points are drawn here.
        if (["clay", "colour"].includes(style) && needsColour !== this.scene.colour) this.setStateValue("colour", needsColour);
      });
      button.dataset.style = style;
      button.setAttribute("aria-pressed", String(style === this.style));
      looks.append(button);
    }
    const views = element("div", "group");
    for (const name of Object.keys(VIEWS)) views.append(this.button(words[name], () => this.look(name)));
    const tools = element("div", "group");
    tools.append(
      this.button(words.reset, () => this.reset()),
      this.button(words.snapshot, () => this.snapshot()),
    );
    this.bar.replaceChildren(looks, views, tools);
  }

  button(text, onClick) {
    const button = element("button", "", text);
    button.type = "button";
    button.addEventListener("click", onClick);
    return button;
  }

  // Drawing at twice the size smooths the edges. A graphics card does that always; without one
  // the picture is refined when the mouse rests, or, where even that would take long, never.
  adaptToSpeed() {
    if (this.frameMilliseconds === undefined) this.frameMilliseconds = this.frameTime();
    const milliseconds = this.frameMilliseconds;
    const plain = window.devicePixelRatio;
    const fine = Math.max(2, plain);
    clearTimeout(this.refining);
    const draw = (ratio) => {
      if (ratio === this.ratio) return;
      this.ratio = ratio;
      this.sizePoints();
      for (const resize of this.layer.resizers) resize();
    };
    if (milliseconds < FAST_FRAME_MS) {
      draw(fine);
    } else if (milliseconds < SLOW_FRAME_MS) {
      const refine = () => {
        clearTimeout(this.refining);
        this.refining = setTimeout(() => draw(fine), REFINE_AFTER_MS);
      };
      const interactor = this.renderWindow.getInteractor();
      interactor.onStartAnimation(() => {
        clearTimeout(this.refining);
        draw(plain);
      });
      interactor.onEndAnimation(refine);
      refine();
    }
  }

  // Measured once: waiting for the pixels holds up the page.
  frameTime() {
    const started = performance.now();
    this.draw();
    readOnePixel(this.layer);
    return performance.now() - started;
  }

  fail(reason) {
    this.busy.hidden = true;
    this.root.dataset.state = "failed";
    this.setStateValue("failure", reason);
  }

  dispose() {
    this.latest += 1;
    this.observer.disconnect();
    clearTimeout(this.refining);
    const { layer, renderWindow } = this;
    this.layer = null;
    discard(layer, renderWindow);
    this.stage.replaceChildren();
  }
}

function unpack(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  return { ...header, archive: bytes.slice(4 + length) };
}

// The rest of the screen comes first: drawing without a graphics card holds up everything else.
function idle() {
  return new Promise((resolve) => {
    const ask = () => (window.requestIdleCallback ?? setTimeout)(resolve, { timeout: IDLE_MS });
    setTimeout(ask, PAINT_MS);
  });
}

function shellPage() {
  if (window.specimenViewerShell) return Promise.resolve(window.specimenViewerShell);
  return new Promise((resolve, reject) => {
    const take = () => resolve(window.specimenViewerShell);
    window.addEventListener("specimen-viewer-shell", take, { once: true });
    setTimeout(() => reject(new Error("timeout")), SHELL_SECONDS * 1000);
  });
}

// Resolve with the renderers that show a specimen, once each of them has its points.
function drawn(window_, renderWindow, count, isStale) {
  const until = performance.now() + SCENE_SECONDS * 1000;
  return new Promise((resolve, reject) => {
    const look = () => {
      if (isStale()) return resolve(null);
      const full = renderWindow.getRenderers().filter((renderer) =>
        renderer.getActors().some((actor) => actor.getMapper()?.getInputData?.()?.getPoints?.()?.getNumberOfPoints() > 0),
      );
      if (full.length >= count) return resolve(full);
      if (performance.now() > until) return reject(new Error("timeout"));
      return setTimeout(look, 8);
    };
    look();
  });
}

// A browser keeps about sixteen WebGL contexts; those of scenes gone by are given back at once.
function discard(layer, renderWindow) {
  if (!layer) return;
  renderWindow?.getInteractor()?.unbindEvents?.();
  for (const resize of layer.resizers) layer.ownerDocument.defaultView?.removeEventListener("resize", resize);
  for (const canvas of layer.querySelectorAll("canvas")) contextOf(canvas)?.getExtension("WEBGL_lose_context")?.loseContext();
  layer.remove();
}

// The page offers no way to close a scene; what it listens to has to be known to be ended.
function listenersAdded(window_, type, act) {
  const listeners = [];
  const add = window_.addEventListener;
  window_.addEventListener = (name, listener, ...rest) => {
    if (name === type) listeners.push(listener);
    add.call(window_, name, listener, ...rest);
  };
  try {
    act();
  } finally {
    delete window_.addEventListener;
  }
  return listeners;
}

function contextOf(canvas) {
  return canvas.getContext("webgl2") ?? canvas.getContext("webgl");
}

function readOnePixel(layer) {
  const context = contextOf(layer.querySelector("canvas"));
  context?.readPixels(0, 0, 1, 1, context.RGBA, context.UNSIGNED_BYTE, new Uint8Array(4));
}

function channels(colour) {
  return colour.match(/[\d.]+/g)?.slice(0, 3).map((value) => Number(value) / 255);
}

function poseOf(camera) {
  return {
    position: camera.getPosition(),
    focalPoint: camera.getFocalPoint(),
    viewUp: camera.getViewUp(),
    parallelScale: camera.getParallelScale(),
  };
}

function applyPose(camera, pose) {
  camera.setPosition(...pose.position);
  camera.setFocalPoint(...pose.focalPoint);
  camera.setViewUp(...pose.viewUp);
  camera.setParallelScale(pose.parallelScale);
}

function cross(a, b) {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function orthogonal(vector, to) {
  const along = vector[0] * to[0] + vector[1] * to[1] + vector[2] * to[2];
  const rest = vector.map((value, axis) => value - along * to[axis]);
  const length = Math.hypot(...rest) || 1;
  return rest.map((value) => value / length);
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}
