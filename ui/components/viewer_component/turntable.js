// Rendered views that are turned by dragging or by the slider, if there is no 3D.

const PIXELS_A_TURN = 400;

export default function ({ parentElement, data }) {
  const [picture, slider] = ["div.picture", "input"].map((part) => parentElement.querySelector(part));
  const { frames, label, strip } = unpack(data);
  const address = URL.createObjectURL(new Blob([strip], { type: "image/jpeg" }));
  picture.setAttribute("aria-label", label);
  slider.setAttribute("aria-label", label);
  slider.max = frames - 1;
  picture.style.backgroundImage = `url(${address})`;
  picture.style.backgroundSize = `${frames * 100}% 100%`;
  const show = () => {
    picture.style.backgroundPosition = `${(slider.value / (frames - 1)) * 100}% 0`;
  };
  slider.oninput = show;
  picture.onpointerdown = (start) => {
    picture.setPointerCapture(start.pointerId);
    const from = Number(slider.value);
    picture.onpointermove = (event) => {
      const turned = from - Math.round(((event.clientX - start.clientX) / PIXELS_A_TURN) * frames);
      slider.value = ((turned % frames) + frames) % frames;
      show();
    };
  };
  picture.onpointerup = picture.onpointercancel = () => {
    picture.onpointermove = null;
  };
  show();
  return () => URL.revokeObjectURL(address);
}

function unpack(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  return { ...header, strip: bytes.slice(4 + length) };
}
