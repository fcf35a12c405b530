// The cameras of a scene: one for all viewports, or one each; the lights that follow them.

// Directions from which a camera looks, and its up vector: z is up in the scene.
const VIEWS = {
  front: [[0, -1, 0], [0, 0, 1]],
  back: [[0, 1, 0], [0, 0, 1]],
  left: [[-1, 0, 0], [0, 0, 1]],
  right: [[1, 0, 0], [0, 0, 1]],
  top: [[0, 0, 1], [0, 1, 0]],
  bottom: [[0, 0, -1], [0, 1, 0]],
};
const STEP_DEGREES = 6;
const STEP_OF_ZOOM = 1.15;

class Cameras {
  constructor(renderers, lights, onMove) {
    this.renderers = renderers;
    this.lights = lights;
    this.own = renderers.map((renderer) => renderer.getActiveCamera());
    this.home = poseOf(this.own[0]);
    for (const camera of this.own) camera.setParallelProjection(true);
    this.subscriptions = this.own.map((camera) =>
      camera.onModified(() => {
        this.moveLights();
        onMove();
      }),
    );
    this.link(true);
  }

  dispose() {
    for (const subscription of this.subscriptions) subscription.unsubscribe();
  }

  get lead() {
    return this.own[0];
  }

  get inUse() {
    return this.isLinked ? [this.lead] : this.own;
  }

  of(index) {
    return this.isLinked ? this.lead : this.own[index];
  }

  link(isLinked) {
    this.isLinked = isLinked;
    this.renderers.forEach((renderer, index) => {
      if (index > 0 && !isLinked) applyPose(this.own[index], poseOf(this.lead));
      renderer.setActiveCamera(this.of(index));
    });
    this.moveLights();
  }

  poses() {
    return { each: this.own.map(poseOf), isLinked: this.isLinked, isPerspective: this.isPerspective };
  }

  take({ each, isLinked, isPerspective }, keepPose) {
    this.link(isLinked);
    this.usePerspective(isPerspective);
    if (keepPose) this.own.forEach((camera, index) => applyPose(camera, each[index] ?? each[0]));
  }

  // Half of the visible height on the plane through the focal point; a specimen's radius is 1.
  scaleOf(camera) {
    return this.isPerspective ? camera.getDistance() * tangentOf(camera) : camera.getParallelScale();
  }

  setScale(camera, scale) {
    camera.setParallelScale(scale);
    if (!this.isPerspective) return;
    const [focus, direction] = [camera.getFocalPoint(), camera.getDirectionOfProjection()];
    const distance = scale / tangentOf(camera);
    camera.setPosition(...focus.map((value, axis) => value - direction[axis] * distance));
  }

  // Zoom out (above 1) or in, so that a specimen fits a viewport of another shape.
  zoom(factor) {
    if (factor === 1) return;
    for (const camera of this.own) this.setScale(camera, this.scaleOf(camera) * factor);
  }

  usePerspective(isPerspective) {
    if (Boolean(this.isPerspective) === Boolean(isPerspective)) return;
    const scales = this.own.map((camera) => this.scaleOf(camera));
    this.isPerspective = isPerspective;
    this.own.forEach((camera, index) => {
      camera.setParallelProjection(!isPerspective);
      this.setScale(camera, scales[index]);
    });
  }

  look(name, scale) {
    const [from, up] = VIEWS[name];
    for (const camera of this.inUse) {
      camera.setFocalPoint(0, 0, 0);
      camera.setPosition(...from.map((value) => value * 5));
      camera.setViewUp(...up);
      this.setScale(camera, scale);
    }
  }

  reset(scale) {
    for (const camera of this.inUse) {
      applyPose(camera, this.home);
      camera.setFocalPoint(0, 0, 0);
      this.setScale(camera, scale);
    }
  }

  // Return whether the key moved the cameras.
  press(key) {
    const act = {
      ArrowLeft: (camera) => camera.azimuth(-STEP_DEGREES),
      ArrowRight: (camera) => camera.azimuth(STEP_DEGREES),
      ArrowUp: (camera) => camera.elevation(STEP_DEGREES),
      ArrowDown: (camera) => camera.elevation(-STEP_DEGREES),
      "+": (camera) => this.setScale(camera, this.scaleOf(camera) / STEP_OF_ZOOM),
      "-": (camera) => this.setScale(camera, this.scaleOf(camera) * STEP_OF_ZOOM),
    }[key];
    if (!act) return false;
    for (const camera of this.inUse) {
      act(camera);
      camera.orthogonalizeViewUp();
    }
    return true;
  }

  // vtk.js moves only the headlight with the camera; the others are moved here.
  moveLights() {
    this.renderers.forEach((renderer, place) => {
      const camera = this.of(place);
      const forward = camera.getDirectionOfProjection();
      const up = orthogonal(camera.getViewUp(), forward);
      const right = crossProduct(forward, up);
      const lights = renderer.getLights();
      this.lights.forEach(([x, y, z], index) => {
        const light = lights[index];
        if (!light) return;
        light.setLightTypeToSceneLight();
        light.setPositional(false);
        light.setFocalPoint(0, 0, 0);
        light.setPosition(...[0, 1, 2].map((axis) => x * right[axis] + y * up[axis] - z * forward[axis]));
      });
    });
  }
}

function tangentOf(camera) {
  return Math.tan((camera.getViewAngle() * Math.PI) / 360);
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
