// Elements and small tools. Texts go in by textContent alone: data never becomes markup.

const DATA = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";

function put(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (name === "text") node.textContent = value;
    else if (name === "on") for (const [event, action] of Object.entries(value)) node.addEventListener(event, action);
    else if (name === "css") for (const [key, style] of Object.entries(value)) node.style.setProperty(key, style);
    else if (name === "tip") tipOn(node, value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const el = (tag, properties = {}, ...children) => put(document.createElement(tag), properties, children);
const svg = (tag, properties = {}, ...children) => put(document.createElementNS(SVG, tag), properties, children);

const whole = new Intl.NumberFormat("en");
const number = (value) => (value === null || value === undefined ? "–" : whole.format(value));
const percent = (share) =>
  share === null || share === undefined ? "–" : `${(100 * share).toFixed(share > 0 && share < 0.01 ? 2 : 1)}%`;
const money = (value) => (value === null || value === undefined ? "–" : value === 0 ? "0" : value.toFixed(value < 0.01 ? 5 : 3));
const plural = (count, name) => `${number(count)} ${name}${count === 1 ? "" : "s"}`;
const words = (name) => String(name).replaceAll("_", " ");
const COLORS = 20; // what comes after shares one grey
const series = (index) => `var(--series-${index < COLORS ? index : "others"})`;
// A file has one colour in all figures; any other name that of its place in its figure.
const FILES = new Map(DATA.files.map((file, index) => [file.label, index]));
const colorOf = (name, index) => series(FILES.has(name) ? FILES.get(name) : index);
const ofFiles = (names) => names.length > 0 && names.every((name) => FILES.has(name));
const isNarrow = matchMedia("(max-width: 700px)");
const isOneColumn = matchMedia("(max-width: 1000px)");

const tip = document.getElementById("tip");
function tipOn(node, text) {
  node.addEventListener("pointermove", (event) => {
    tip.textContent = text;
    tip.hidden = false;
    const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    const above = event.clientY + 18 + tip.offsetHeight > innerHeight;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${above ? event.clientY - tip.offsetHeight - 10 : event.clientY + 18}px`;
  });
  node.addEventListener("pointerleave", () => { tip.hidden = true; });
}

// Storage may be denied (private windows, some browsers for files): the page works on without it.
const store = {
  read(key) { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } },
  write(key, value) { try { localStorage.setItem(key, JSON.stringify(value)); return true; } catch { return false; } },
};
