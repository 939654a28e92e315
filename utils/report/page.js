// Puts the page together; a section without content goes, and so does its place in the navigation.

const THEMES = ["auto", "light", "dark"];

function setUpTheme() {
  const button = document.getElementById("theme");
  const show = (theme) => {
    if (theme === "auto") document.documentElement.removeAttribute("data-theme");
    else document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
    button.dataset.theme = theme;
  };
  button.addEventListener("click", () => {
    const theme = THEMES[(THEMES.indexOf(button.dataset.theme) + 1) % THEMES.length];
    show(theme);
    store.write("editloom-theme", theme);
  });
  const kept = store.read("editloom-theme");
  show(THEMES.includes(kept) ? kept : "auto");
}

function fill(id, nodes) {
  const section = document.getElementById(id);
  const filled = nodes.filter(Boolean);
  if (!filled.length) return section.remove();
  section.append(...filled);
  document.getElementById("nav").append(el("a", { href: `#${id}`, text: section.querySelector("h2").textContent }));
  return section;
}

function build() {
  setUpTheme();
  document.getElementById("lead").textContent = DATA.lead;
  const browser = DATA.samples.length ? sampleBrowser() : null;
  const open = (id) => browser && browser.openById(id);
  const cards = (section) => figureCards(DATA.figures[section] || [], open);
  const grid = (nodes) => (nodes.length ? el("div", { class: "cards" }, ...nodes) : null);
  fill("overview", [...tiles(), fileTable(), tokenTable(), grid(cards("overview"))]);
  fill("size", [grid(cards("size"))]);
  fill("nature", [grid(cards("nature"))]);
  fill("runs", [runTable(), agreementTable(), grid(cards("runs"))]);
  fill("topics", cards("topics"));
  fill("instructions", [grid(cards("instructions"))]);
  fill("histories", [grid(cards("histories"))]);
  fill("synthesis", [grid(cards("synthesis"))]);
  fill("diversity", [DATA.diversity ? diversityTable() : null, grid(cards("diversity"))]);
  fill("yield", DATA.yield ? [yieldCard(), ...cards("yield")] : []);
  fill("samples", browser ? [el("p", { class: "note", text: DATA.samples_note }), agreementCard(), browser.node] : []);
  if (browser) browser.followLink();
}

build();
