// Drawing of up to a hundred thousand points on a canvas, with colours, shapes and emphasis.
const VERTEX = `#version 300 es
in vec3 place; in vec4 colour; in vec2 look;
uniform mat3 turn; uniform vec2 pan; uniform vec2 scale; uniform float size;
out vec4 fill; out vec2 mark;
void main() {
  vec3 at = turn * place;
  gl_Position = vec4((at.xy - pan) * scale, -at.z * 0.25, 1.0);
  float state = look.y;
  gl_PointSize = state > 2.5 ? 0.0 : size * (state > 1.5 ? 1.45 : 1.0);
  if (state > 2.5) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  fill = vec4(colour.rgb, state > 0.5 && state < 1.5 ? 0.16 : 0.88);
  mark = look;
}`;
const FRAGMENT = `#version 300 es
precision highp float;
in vec4 fill; in vec2 mark;
uniform float pixels; uniform vec3 ink; uniform bool solid;
out vec4 shown;
float edge(vec2 p, float shape) {
  if (shape < 0.5) return length(p) - 0.8;
  if (shape < 1.5) return max(abs(p.x), abs(p.y)) - 0.7;
  if (shape < 2.5) return abs(p.x) + abs(p.y) - 0.95;
  if (shape < 3.5) return max(abs(p.x) * 1.15 + p.y * 0.62 - 0.52, -p.y - 0.68);
  if (shape < 4.5) return max(min(abs(p.x), abs(p.y)) - 0.28, max(abs(p.x), abs(p.y)) - 0.86);
  return max(abs(p.x) * 1.15 - p.y * 0.62 - 0.52, p.y - 0.68);
}
void main() {
  vec2 p = (gl_PointCoord - 0.5) * 2.0;
  p.y = -p.y;
  float soft = 2.0 / pixels;
  float far = edge(p, mark.x);
  float cover = 1.0 - smoothstep(-soft, soft, far);
  if (cover < (solid ? 0.5 : 0.02)) discard;
  bool strong = mark.y > 1.5;
  vec3 rgb = strong ? mix(fill.rgb, ink, smoothstep(-0.34 - soft, -0.34 + soft, far)) : fill.rgb;
  shown = vec4(rgb, 1.0) * (strong || solid ? cover : fill.a * cover);
}`;
const SHAPES = ["circle", "square", "diamond", "triangle-up", "cross", "triangle-down"];
const PLAIN = 0, DIM = 1, STRONG = 2, HIDDEN = 3;

/** Return a painter that uses WebGL 2, or rectangles on a 2D canvas if the browser has no WebGL 2. */
function painter(canvas) {
  const gl = canvas.getContext("webgl2", { antialias: false, premultipliedAlpha: true, preserveDrawingBuffer: true });
  return gl ? glPainter(canvas, gl) : flatPainter(canvas);
}

function glPainter(canvas, gl) {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  gl.useProgram(program);
  const buffers = { place: gl.createBuffer(), colour: gl.createBuffer(), look: gl.createBuffer() };
  const order = gl.createBuffer(), fewer = gl.createBuffer();
  const uniform = {};
  for (const name of ["turn", "pan", "scale", "size", "pixels", "ink", "solid"]) {
    uniform[name] = gl.getUniformLocation(program, name);
  }
  const fill = (name, data, width, type, normal) => {
    const at = gl.getAttribLocation(program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[name]);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, width, type, normal, 0, 0);
  };
  const pixel = new Uint8Array(4);
  let count = 0, fewCount = 0;
  return {
    places(xyz) { fill("place", xyz, 3, gl.FLOAT, false); },
    looks(colours, looks, indices, few) {
      fill("colour", colours, 4, gl.UNSIGNED_BYTE, true);
      fill("look", looks, 2, gl.UNSIGNED_BYTE, false);
      for (const [buffer, rows] of [[order, indices], [fewer, few]]) {
        gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, buffer);
        gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, rows, gl.STATIC_DRAW);
      }
      [count, fewCount] = [indices.length, few.length];
    },
    draw(view) {
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
      if (view.deep) {
        gl.enable(gl.DEPTH_TEST);
        gl.disable(gl.BLEND);
      } else {
        gl.disable(gl.DEPTH_TEST);
        gl.enable(gl.BLEND);
        gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
      }
      gl.uniformMatrix3fv(uniform.turn, false, view.turn);
      gl.uniform2f(uniform.pan, view.x, view.y);
      gl.uniform2f(uniform.scale, (2 * view.scale) / view.width, (2 * view.scale) / view.height);
      const pixels = view.size * (canvas.width / view.width);
      gl.uniform1f(uniform.size, pixels);
      gl.uniform1f(uniform.pixels, pixels);
      gl.uniform3f(uniform.ink, ...view.ink.map((channel) => channel / 255));
      gl.uniform1i(uniform.solid, view.deep ? 1 : 0);
      const started = performance.now();
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, view.rush ? fewer : order);
      gl.drawElements(gl.POINTS, view.first ? Math.min(count, 100) : view.rush ? fewCount : count, gl.UNSIGNED_INT, 0);
      // Waits for the drawing to finish. Without a graphics card, frames would queue up and stall the page.
      gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
      if (!view.rush && !view.first) view.slow = performance.now() - started > 30;
    },
    lose() {
      const extension = gl.getExtension("WEBGL_lose_context");
      if (extension) extension.loseContext();
    },
  };
}

function flatPainter(canvas) {
  const pen = canvas.getContext("2d");
  let xyz, colours, looks, indices, few;
  return {
    places(given) { xyz = given; },
    looks(...given) { [colours, looks, indices, few] = given; },
    draw(view) {
      const ratio = canvas.width / view.width;
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.clearRect(0, 0, view.width, view.height);
      const at = [0, 0, 0];
      view.slow = indices.length > 20000;
      for (const row of view.rush ? few : indices) {
        const state = looks[2 * row + 1];
        if (state === HIDDEN) continue;
        project(view, xyz, row, at);
        const side = view.size * (state === STRONG ? 1.2 : 0.75);
        pen.fillStyle = `rgba(${colours[4 * row]},${colours[4 * row + 1]},${colours[4 * row + 2]},${state === DIM ? 0.16 : 0.88})`;
        pen.fillRect(at[0] - side / 2, at[1] - side / 2, side, side);
      }
    },
    lose() {},
  };
}
