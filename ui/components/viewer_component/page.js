// The vtk.js page and its scenes: opening, waiting, removing.

const SHELL_SECONDS = 20;
const SCENE_SECONDS = 30;
const PAINT_MS = 50;
const IDLE_MS = 250;

function unpack(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  return { ...header, archive: bytes.slice(4 + length) };
}

// The rest of the screen is drawn first: drawing without a graphics card blocks the page.
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

// A browser keeps about sixteen WebGL contexts; those of old scenes are released at once.
function discard(layer, renderWindow) {
  if (!layer) return;
  renderWindow?.getInteractor()?.unbindEvents?.();
  for (const resize of layer.resizers) layer.ownerDocument.defaultView?.removeEventListener("resize", resize);
  for (const canvas of layer.querySelectorAll("canvas")) contextOf(canvas)?.getExtension("WEBGL_lose_context")?.loseContext();
  layer.remove();
}

// The page cannot close a scene; its listeners are recorded so that they can be removed.
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
