// One to six specimens in viewports that turn together.
//
// Python sends a scene: a header in JSON and an archive that PyVista exported for vtk.js. The
// archive is drawn by the vtk.js page of the trame-vtk package inside an iframe that stays
// alive, so that the next scene needs no new page. Titles, scale bars, buttons and legend are HTML
// around the viewports, because text in the scene does not survive the export.

const FAST_FRAME_MS = 8;
const SLOW_FRAME_MS = 120;
const SCENES_PER_PAGE = 24;
const STALE_MS = 3000;
const LEAST_POINT_PIXELS = 2;
const MOST_POINT_PIXELS = 9;
const REFINE_AFTER_MS = 500;
const DRAWINGS = { points: 0, wireframe: 1 };
const SURFACE = 2;
const LIFT = 0.002;

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
    for (const name of ["stage", "cells", "bar", "busy", "cutter", "canvas", "legend"]) {
      this[name] = root.querySelector(`.${name}`);
    }
    this.latest = 0;
    this.isLinked = true;
    this.ratio = window.devicePixelRatio;
    this.observer = new ResizeObserver(() => this.layOut());
    this.observer.observe(this.canvas);
    this.canvas.addEventListener("keydown", (event) => this.onKey(event));
  }

  get choice() {
    return this.drawing ?? this.scene.choice;
  }

  accept({ data, setStateValue }) {
    this.setStateValue = setStateValue;
    const scene = unpack(data);
    if (scene.fingerprint === this.scene?.fingerprint) {
      this.scene = scene;
      if (this.cameras) {
        this.matchTheme();
        this.redraw();
      }
      return;
    }
    const previous = this.scene;
    this.scene = scene;
    this.canvas.style.height = `clamp(${scene.height}px, 48vh, 1200px)`;
    this.canvas.setAttribute("aria-label", scene.label);
    this.root.setAttribute("aria-label", scene.words.viewer);
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
    const before = { layer: this.layer, renderWindow: this.renderWindow, page: this.layer?.ownerDocument.defaultView?.frameElement };
    const layer = this.newLayer(window_);
    // Typed arrays must belong to the page, which checks their type.
    const archive = new window_.Uint8Array(scene.archive);
    layer.resizers = listenersAdded(window_, "resize", () => window_.OfflineLocalView.load(layer, { file: archive }));
    const renderWindow = window_.global.renderWindow;
    const renderers = await drawn(window_, renderWindow, scene.titles.length, () => turn !== this.latest);
    if (!renderers) {
      // It is still being read; without its context it would raise errors.
      setTimeout(() => discard(layer, renderWindow), STALE_MS);
      return;
    }
    Object.assign(this, { layer, renderWindow, renderers, window_ });
    this.takeCameras(previous?.subject === scene.subject);
    this.matchTheme();
    this.redraw(false);
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

  newLayer(window_) {
    const layer = window_.document.createElement("div");
    // Frames drawn while the scene is built are discarded, so they are drawn small.
    layer.style.cssText = "position:absolute;width:16px;height:16px;overflow:hidden;visibility:hidden";
    window_.document.body.append(layer);
    clearTimeout(this.refining);
    this.ratio = window.devicePixelRatio;
    return layer;
  }

  // The page never frees a scene, so it is replaced after some of them.
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
    const test = element("canvas");
    if (!test.getContext("webgl2") && !test.getContext("webgl")) throw new Error("no-webgl");
    const shell = await shellPage();
    const page = element("iframe");
    page.title = this.scene.label;
    page.tabIndex = -1;
    const opened = new Promise((resolve, reject) => {
      // The page calls this after its own scripts are loaded; without it, it would request a file.
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

  takeCameras(keepPose) {
    const poses = this.cameras?.poses();
    const fittedBefore = this.fitted;
    this.cameras?.dispose();
    this.cameras = new Cameras(this.renderers, this.scene.lights, () => {
      this.sizePoints();
      this.drawScaleBars();
    });
    this.fitted = null;
    this.layOut(false);
    if (poses) this.cameras.take(poses, keepPose);
    if (poses && keepPose) this.cameras.zoom(this.fitted / fittedBefore);
    else this.cameras.reset(this.fitted);
  }

  // Give every viewport its place below the strip with its title.
  layOut(draw = true) {
    if (!this.cameras) return;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const count = this.renderers.length;
    this.columns = columnsFor(count, width, height);
    this.rows = Math.ceil(count / this.columns);
    this.renderers.forEach((renderer, index) => {
      const [row, column] = [Math.floor(index / this.columns), index % this.columns];
      const top = 1 - row / this.rows - TITLE_PIXELS / Math.max(height, TITLE_PIXELS + 1);
      renderer.setViewport(column / this.columns, 1 - (row + 1) / this.rows, (column + 1) / this.columns, top);
    });
    this.cells.style.gridTemplate = `repeat(${this.rows}, 1fr) / repeat(${this.columns}, 1fr)`;
    this.cells.replaceChildren(...cellsOf(this.scene, this.columns));
    const fitting = this.fitting();
    if (this.fitted) this.cameras.zoom(fitting / this.fitted);
    this.fitted = fitting;
    this.sizePoints();
    this.drawScaleBars();
    if (draw) this.draw();
  }

  cellSize() {
    return {
      width: this.canvas.clientWidth / this.columns,
      height: Math.max(1, this.canvas.clientHeight / this.rows - TITLE_PIXELS),
    };
  }

  // A specimen lies in a sphere of radius 1 around the origin; fit that into one viewport.
  fitting() {
    const { width, height } = this.cellSize();
    return 1.02 / Math.min(1, width / height);
  }

  draw() {
    for (const renderer of this.renderers) renderer.resetCameraClippingRange();
    this.renderWindow.render();
  }

  redraw(draw = true) {
    this.setDrawing(this.drawing, false);
    this.applySection();
    this.bar.replaceChildren(...toolbarOf(this));
    this.bar.setAttribute("aria-label", this.scene.words.tools);
    this.layOut(draw);
  }

  matchTheme() {
    const look = (part) => getComputedStyle(part);
    this.ink = channels(look(this.root).color) ?? [0.16, 0.15, 0.13];
    const ground = channels(look(this.canvas).backgroundColor) ?? [0.95, 0.93, 0.89];
    // Also the renderer behind all viewports.
    for (const renderer of this.renderWindow.getRenderers()) renderer.setBackground(...ground);
  }

  // Wires and points are drawn here from any scene; each colouring of a surface is another scene.
  choose(value) {
    this.setDrawing(value in DRAWINGS ? value : undefined);
    if (value in DRAWINGS || value === this.scene.choice) return;
    this.busy.hidden = false;
    this.setStateValue("mode", value);
  }

  setDrawing(drawing, draw = true) {
    this.drawing = drawing;
    this.renderers.forEach((renderer, index) => {
      const [specimen] = renderer.getActors();
      const isCloud = this.scene.clouds[index];
      const property = specimen.getProperty();
      property.setRepresentation(isCloud ? DRAWINGS.points : (DRAWINGS[drawing] ?? SURFACE));
      // Thin lines and dots in clay are hardly visible on a light ground: they are drawn in ink.
      specimen.getMapper().setScalarVisibility((isCloud || !drawing) && !this.scene.textured[index]);
      property.setColor(...(this.scene.textured[index] && !drawing ? [1, 1, 1] : this.ink));
    });
    this.sizePoints();
    this.legend.replaceChildren(...legendOf(this));
    if (draw) this.renderWindow.render();
  }

  // The legend, unless no colours are drawn.
  get colours() {
    return this.drawing ? null : this.scene.legend;
  }

  // Points of a cloud grow with the zoom so that they touch, up to a limit.
  sizePoints() {
    this.renderers.forEach((renderer, index) => {
      const pixelsPerRadius = this.pixelsPerRadius(index);
      const pixels = Math.min(MOST_POINT_PIXELS, Math.max(LEAST_POINT_PIXELS, 1.7 * this.scene.spacings[index] * pixelsPerRadius));
      renderer.getActors()[0].getProperty().setPointSize(pixels * this.ratio);
    });
  }

  pixelsPerRadius(index) {
    return this.cellSize().height / (2 * this.cameras.scaleOf(this.cameras.of(index)));
  }

  // The longest round length in units of the file that fits in a fifth of the viewport.
  drawScaleBars() {
    const { radii, unit, words } = this.scene;
    [...this.cells.children].forEach((cell, index) => {
      const pixelsPerUnit = this.pixelsPerRadius(index) / radii[index];
      const length = roundLength((this.cellSize().width * 0.2) / pixelsPerUnit);
      const [label, rule] = cell.querySelector(".scale").children;
      label.textContent = this.isPerspective ? words["scale-middle"].replace("LENGTH", `${length} ${unit}`) : `${length} ${unit}`;
      rule.style.width = `${length * pixelsPerUnit}px`;
    });
  }

  look(name) {
    this.cameras.look(name, this.fitting());
    this.draw();
  }

  reset() {
    this.cameras.reset(this.fitting());
    this.draw();
  }

  link(isLinked) {
    this.isLinked = isLinked;
    this.cameras.link(isLinked);
    this.draw();
  }

  get isPerspective() {
    return Boolean(this.cameras?.isPerspective);
  }

  usePerspective(isPerspective) {
    this.cameras.usePerspective(isPerspective);
    this.drawScaleBars();
    this.draw();
  }

  openSection(isOpen) {
    this.section = isOpen ? { offset: 0 } : null;
    if (isOpen) this.cutAlong("x");
    else this.applySection(true);
  }

  // The part nearer to the viewer is removed.
  cutAlong(axis) {
    const into = this.cameras.lead.getDirectionOfProjection();
    const normal = AXES[axis] ?? into;
    const sign = normal.reduce((sum, value, place) => sum + value * into[place], 0) < 0 ? -1 : 1;
    Object.assign(this.section, { axis, normal: [...normal], sign });
    this.applySection(true);
  }

  moveSection(offset) {
    this.section.offset = offset;
    this.cut();
    this.draw();
  }

  flipSection() {
    this.section.sign *= -1;
    this.cut();
    this.draw();
  }

  applySection(draw = false) {
    this.cutter.hidden = !this.section;
    if (this.section) this.cutter.replaceChildren(...cutterOf(this));
    this.cut();
    if (draw) this.draw();
  }

  cut() {
    const sections = this.renderers.map((renderer, index) => this.cutOne(renderer.getActors(), index));
    if (!this.section) return;
    const { radii, unit, words } = this.scene;
    const [{ length, area, isClosed }] = sections;
    const shown = (value) => Number(value.toPrecision(4)).toLocaleString();
    const parts = [`${words.offset} ${shown(this.section.offset * radii[0])} ${unit}`];
    if (length > 0) parts.push(`${words.outline} ${shown(length * radii[0])} ${unit}`);
    if (length > 0) parts.push(isClosed ? `${words.area} ${shown(area * radii[0] ** 2)} ${unit}²` : words.open);
    this.cutter.querySelector("output").textContent = parts.join(" · ");
    this.root.dataset.area = isClosed ? String(area * radii[0] ** 2) : "";
  }

  // Clip one specimen, close the cut if its outline is closed, and draw the outline.
  cutOne([specimen, cap, outline], index) {
    const mapper = specimen.getMapper();
    mapper.removeAllClippingPlanes();
    cap.setVisibility(false);
    outline.setVisibility(false);
    if (!this.section) return null;
    const { normal, offset, sign } = this.section;
    const facing = normal.map((value) => value * sign);
    mapper.addClippingPlane(planeAt(facing, offset * sign));
    const data = mapper.getInputData();
    if (this.scene.clouds[index]) return { length: 0, area: 0, isClosed: false };
    const found = sectionOf(data.getPoints().getData(), data.getPolys().getData(), facing, offset * sign);
    const { corners, area } = found.isClosed ? filled(found.ends) : { corners: [], area: 0 };
    this.fill(cap, liftedFrom(corners, facing, offset * sign, 0), "getPolys", 4);
    this.fill(outline, liftedFrom(found.ends, facing, offset * sign, LIFT), "getLines", 2);
    cap.getProperty().setColor(...this.scene.sectionColour);
    outline.getProperty().setColor(...this.ink);
    return { ...found, area };
  }

  fill(actor, points, cellsName, corners) {
    if (points.length === 0) return;
    const data = actor.getMapper().getInputData();
    const cells = new this.window_.Uint32Array((points.length / 3 / corners) * (corners + 1));
    for (let at = 0, next = 0; at < cells.length; at += corners + 1) {
      cells[at] = corners;
      for (let corner = 1; corner <= corners; corner += 1) cells[at + corner] = next++;
    }
    data.getPoints().setData(new this.window_.Float32Array(points), 3);
    data[cellsName]().setData(cells);
    data.getPoints().modified();
    data[cellsName]().modified();
    data.modified();
    actor.setVisibility(true);
  }

  async snapshot() {
    const [image] = await Promise.all(this.renderWindow.captureImages());
    const picture = new Image();
    picture.src = image;
    await picture.decode();
    const link = element("a");
    link.href = annotated(picture, this).toDataURL("image/png");
    link.download = `${[...this.scene.titles, this.choice].join("_").replace(/[^\p{L}\p{N}.-]+/gu, "_").slice(0, 120)}.png`;
    link.click();
  }

  fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.requestFullscreen?.();
  }

  askForAll() {
    this.busy.hidden = false;
    this.setStateValue("full", this.scene.subjects);
  }

  onKey(event) {
    if (!this.cameras || event.target !== this.canvas || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "r") this.reset();
    else if (!this.cameras.press(event.key)) return;
    event.preventDefault();
    this.draw();
  }

  // Drawing at twice the size smooths the edges. A graphics card does that always; without one
  // the picture is refined when the mouse rests, or never if even that takes long.
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

  // Measured once: waiting for the pixels blocks the page.
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
