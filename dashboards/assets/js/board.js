// A screen that nobody touches: a new program brings its own page, with the styles and scripts that belong to it.

const styles = page => page.querySelector('link[rel=stylesheet]')?.getAttribute('href');

document.addEventListener('refreshed', e => { if (styles(e.detail) !== styles(document)) location.reload(); });
// Whoever was signed in is not any more: better the page to sign in than a picture of yesterday.
document.addEventListener('sent-away', () => location.reload());
