// What is wrong with the page as it stands: a list of sentences. Runs in the page.
const wrong = [], root = document.documentElement, wide = root.clientWidth;
const visible = el => el.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
const hidden = el => el.closest('.vh, [hidden], noscript, details:not([open]) > :not(summary)');
const name = el => `<${el.tagName.toLowerCase()} class="${el.getAttribute('class') ?? ''}"> "${(el.textContent ?? '').trim().slice(0, 40)}"`;

if (root.dir !== arguments[0]) wrong.push(`dir is ${root.dir}`);
if (getComputedStyle(document.body).direction !== arguments[0]) wrong.push('the body runs the other way');
if (root.scrollWidth > wide + 1) wrong.push(`the page is ${root.scrollWidth} wide, the window ${wide}`);
for (const odd of ['{}', 'undefined', 'NaN', '[object']) if (document.body.innerText.includes(odd)) wrong.push(`it says ${odd}`);

for (const canvas of document.querySelectorAll('canvas')) {
  if (!canvas.width || !canvas.height || !visible(canvas)) continue;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let ink = 0;
  for (let i = 3; i < data.length; i += 4) if (data[i] > 16) ink++;
  if (ink < 2000) wrong.push(`a canvas of ${canvas.width} x ${canvas.height} has ${ink} inked pixels`);
}
const land = document.querySelector('.map path.land')?.getBoundingClientRect();
if (document.querySelector('[data-map]') && !(land?.width > 100 && land.height > 100)) wrong.push('the map has no land');
for (const image of document.images) if (!image.naturalWidth) wrong.push(`an image is missing: ${image.src}`);
for (const entry of performance.getEntriesByType('resource')) {
  if (new URL(entry.name).origin !== location.origin) wrong.push(`it asked elsewhere: ${entry.name}`);
}

// What is left of a box where those around it cut it off below: nothing of what nobody sees.
const shown = (el, { left, right, top, bottom, width }) => {
  for (let up = el.parentElement; up && up !== document.body; up = up.parentElement) {
    if (getComputedStyle(up).overflowY !== 'visible') bottom = Math.min(bottom, up.getBoundingClientRect().bottom);
  }
  return { left, right, top, bottom, width, height: bottom - top };
};

// Every run of text: inside the window, inside what cuts it off, and on no other.
const runs = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node; (node = walker.nextNode());) {
  const el = node.parentElement;
  if (!node.data.trim() || !visible(el) || hidden(el) || el.closest('svg, script, select, option, .leaflet-container, .u-over, .u-axis')) continue;
  const range = document.createRange();
  range.selectNodeContents(node);
  for (const whole of range.getClientRects()) {
    const box = shown(el, whole);
    if (box.width < 2 || box.height < 2) continue;
    runs.push({ el, box });
    const scroller = el.closest('.wide, .tabs, .top nav, .ranges');
    if (!scroller && (box.left < -1 || box.right > wide + 1)) wrong.push(`cut off at the window's edge: ${name(el)}`);
    for (let up = el; up && up !== document.body; up = up.parentElement) {
      const style = getComputedStyle(up);
      if (up === scroller || style.overflowX === 'visible' || style.overflowX === 'auto') continue;
      const edge = up.getBoundingClientRect();
      if (box.left < edge.left - 2 || box.right > edge.right + 2) wrong.push(`cut off: ${name(el)}`);
    }
  }
}
for (let i = 0; i < runs.length; i++) {
  for (let j = i + 1; j < Math.min(runs.length, i + 400); j++) {
    const [a, b] = [runs[i], runs[j]];
    if (a.el === b.el || a.el.contains(b.el) || b.el.contains(a.el)) continue;
    // What lies under a thumb lies over what is scrolled to.
    if (!a.el.closest('.hand') !== !b.el.closest('.hand')) continue;
    const x = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
    const y = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
    if (x > 3 && y > 5) wrong.push(`one on the other: ${name(a.el)} and ${name(b.el)}`);
  }
}
return [...new Set(wrong)].slice(0, 12);
