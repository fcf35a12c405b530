// Point positions: unpacking from a scene, rotation, projection to the screen, test for being inside a polygon.
function bytesOf(text) {
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i += 1) bytes[i] = raw.charCodeAt(i);
  return bytes.buffer;
}

/** Unpack the points of a scene, with coordinates scaled to −1 … 1. */
function unpack(scene) {
  const n = scene.n, given = new Float32Array(bytesOf(scene.coordinates)), d = scene.dimensions;
  const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < n; i += 1) {
    for (let k = 0; k < d; k += 1) {
      low[k] = Math.min(low[k], given[i * d + k]);
      high[k] = Math.max(high[k], given[i * d + k]);
    }
  }
  const middle = [0, 1, 2].map((k) => (k < d && n ? (low[k] + high[k]) / 2 : 0));
  const half = Math.max(1e-9, ...[0, 1, 2].map((k) => (k < d && n ? (high[k] - low[k]) / 2 : 0)));
  const xyz = new Float32Array(3 * n);
  for (let i = 0; i < n; i += 1) {
    for (let k = 0; k < d; k += 1) xyz[3 * i + k] = (given[i * d + k] - middle[k]) / half;
  }
  const flat = d === 2 && n ? [(high[0] - low[0]) / 2 / half, (high[1] - low[1]) / 2 / half] : [1, 1];
  return { n, d, xyz, middle, half, flat, ids: n ? scene.ids.split("\n") : [] };
}

function turnBy(yaw, pitch) {
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  // Columns of a rotation about the vertical axis, then about the horizontal one.
  return new Float32Array([cy, sp * sy, -cp * sy, 0, cp, sp, sy, -sp * cy, cp * cy]);
}

function project(view, xyz, row, out) {
  const t = view.turn, x = xyz[3 * row], y = xyz[3 * row + 1], z = xyz[3 * row + 2];
  out[0] = view.width / 2 + (t[0] * x + t[3] * y + t[6] * z - view.x) * view.scale;
  out[1] = view.height / 2 - (t[1] * x + t[4] * y + t[7] * z - view.y) * view.scale;
  out[2] = t[2] * x + t[5] * y + t[8] * z;
}

function inPolygon(points, x, y) {
  let inside = false;
  for (let i = 0, j = points.length - 1; i < points.length; j = i, i += 1) {
    const [xi, yi] = points[i], [xj, yj] = points[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}
