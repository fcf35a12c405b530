// The section of a surface by a plane: its outline, the polygons that close it, its area.

const MOST_WELDED = 1_500_000;

// The interface of a plane in vtk.js; the page exports no plane of its own.
function planeAt(normal, offset) {
  const origin = normal.map((value) => value * offset);
  return {
    isA: (name) => name === "vtkPlane",
    getNormal: () => normal,
    getNormalByReference: () => normal,
    getOrigin: () => origin,
    getOriginByReference: () => origin,
    getMTime: () => 1,
    isDeleted: () => false,
  };
}

// Return the line segments in which triangles meet the plane `normal · p = offset`, in coordinates
// of the plane. The outline is closed if two of them meet at every edge that is crossed.
function sectionOf(points, polys, normal, offset) {
  const count = points.length / 3;
  const heights = new Float64Array(count);
  for (let i = 0; i < count; i += 1) {
    const height = normal[0] * points[3 * i] + normal[1] * points[3 * i + 1] + normal[2] * points[3 * i + 2] - offset;
    heights[i] = height === 0 ? 1e-12 : height; // a corner on the plane counts as beyond it
  }
  const { across, along } = frameOf(normal);
  const same = polys.length / 4 === count / 3 && count < MOST_WELDED ? welded(points) : null;
  const ends = [];
  const crossings = new Map();
  const cross = (a, b) => {
    const [one, other] = same ? [same[a], same[b]] : [a, b];
    const [low, high] = one < other ? [one, other] : [other, one];
    const key = low * count + high;
    crossings.set(key, (crossings.get(key) ?? 0) + 1);
    const share = heights[low] / (heights[low] - heights[high]);
    let u = 0;
    let v = 0;
    for (let axis = 0; axis < 3; axis += 1) {
      const value = points[3 * low + axis] + share * (points[3 * high + axis] - points[3 * low + axis]);
      u += value * across[axis];
      v += value * along[axis];
    }
    ends.push(u, v);
  };
  for (let at = 0; at < polys.length; at += polys[at] + 1) {
    const [a, b, c] = [polys[at + 1], polys[at + 2], polys[at + 3]];
    const [over, under] = [heights[a] > 0, heights[b] > 0];
    const last = heights[c] > 0;
    if (over === under && under === last) continue;
    if (over !== under) cross(a, b);
    if (under !== last) cross(b, c);
    if (last !== over) cross(c, a);
  }
  let isClosed = ends.length > 0;
  for (const times of crossings.values()) isClosed &&= times % 2 === 0;
  let length = 0;
  for (let i = 0; i < ends.length; i += 4) length += Math.hypot(ends[i + 2] - ends[i], ends[i + 3] - ends[i + 1]);
  return { ends, isClosed, length };
}

// Return for every point the first one at the same place: a textured surface has separate corners for every face.
const firstOfPoints = new WeakMap();
function welded(points) {
  if (firstOfPoints.has(points)) return firstOfPoints.get(points);
  const first = new Int32Array(points.length / 3);
  const places = new Map();
  for (let i = 0; i < first.length; i += 1) {
    const place = `${points[3 * i]},${points[3 * i + 1]},${points[3 * i + 2]}`;
    if (!places.has(place)) places.set(place, i);
    first[i] = places.get(place);
  }
  firstOfPoints.set(points, first);
  return first;
}

// Fill closed outlines by the even-odd rule: between two heights at which an outline has an end,
// the inside consists of trapezoids. Return their corners, four each, and the area.
function filled(ends) {
  const segments = [];
  const heights = [];
  for (let i = 0; i < ends.length; i += 4) {
    const [u0, v0, u1, v1] = ends.slice(i, i + 4);
    heights.push(v0, v1);
    if (v0 !== v1) segments.push(v0 < v1 ? { u0, v0, u1, v1 } : { u0: u1, v0: v1, u1: u0, v1: v0 });
  }
  segments.sort((one, other) => one.v0 - other.v0);
  heights.sort((one, other) => one - other);
  const corners = [];
  let area = 0;
  let active = [];
  let next = 0;
  for (let i = 0; i + 1 < heights.length; i += 1) {
    const [low, high] = [heights[i], heights[i + 1]];
    if (high - low < 1e-9) continue;
    while (next < segments.length && segments[next].v0 <= low + 1e-12) active.push(segments[next++]);
    active = active.filter((segment) => segment.v1 > low + 1e-12);
    const at = (segment, v) => segment.u0 + ((v - segment.v0) / (segment.v1 - segment.v0)) * (segment.u1 - segment.u0);
    const sides = active
      .filter((segment) => segment.v1 >= high - 1e-12)
      .map((segment) => [at(segment, low), at(segment, high)])
      .sort((one, other) => one[0] + one[1] - other[0] - other[1]);
    for (let pair = 0; pair + 1 < sides.length; pair += 2) {
      const [left, right] = [sides[pair], sides[pair + 1]];
      corners.push(left[0], low, right[0], low, right[1], high, left[1], high);
      area += ((right[0] - left[0] + right[1] - left[1]) / 2) * (high - low);
    }
  }
  return { corners, area };
}

// Two directions within a plane, at right angles to one another.
function frameOf(normal) {
  const helper = Math.abs(normal[2]) < 0.9 ? [0, 0, 1] : [1, 0, 0];
  const across = orthogonal(helper, normal);
  return { across, along: crossProduct(normal, across) };
}

// Points of a plane for vtk.js, `lift` before it so that the cut surface does not hide them.
function liftedFrom(flat, normal, offset, lift) {
  const { across, along } = frameOf(normal);
  const lifted = new Float32Array((flat.length / 2) * 3);
  for (let i = 0; 2 * i < flat.length; i += 1) {
    for (let axis = 0; axis < 3; axis += 1) {
      lifted[3 * i + axis] =
        flat[2 * i] * across[axis] + flat[2 * i + 1] * along[axis] + normal[axis] * (offset - lift);
    }
  }
  return lifted;
}

function crossProduct(a, b) {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function orthogonal(vector, to) {
  const along = vector[0] * to[0] + vector[1] * to[1] + vector[2] * to[2];
  const rest = vector.map((value, axis) => value - along * to[axis]);
  const length = Math.hypot(...rest) || 1;
  return rest.map((value) => value / length);
}
