// The wallboard in a browser: shows what the server sends, row by row, and says at once when nothing comes any more.
// Old televisions run this too: no feature that is younger than ten years.
(function () {
  'use strict';

  var LOST_AFTER = 4000; // The server says something every two seconds.
  var AGAIN = 3000;
  var REFRESH = 5000;
  var CELL = 9; // Smallest width of a cell in CSS pixels; it is twice as high.
  var MOST = 160; // Columns: on a large screen cells grow, so that they can be read from afar.

  var board = document.getElementById('board');
  var lost = document.getElementById('lost');
  var since = document.getElementById('since');
  var light = window.matchMedia ? window.matchMedia('(prefers-color-scheme: light)') : null;
  var source = null;
  var asked = '';
  var heard = Date.now();
  var tried = 0;
  var shown = '';
  var version = null;

  function given(name) {
    var found = new RegExp('[?&]' + name + '=([^&]*)').exec(window.location.search);
    return found ? found[1] : '';
  }

  function size() {
    var width = window.innerWidth || 1280;
    var height = window.innerHeight || 720;
    var columns = Math.max(40, Math.min(MOST, Math.floor(width / CELL)));
    var rows = Math.max(8, Math.min(100, Math.floor(height * columns / width / 2)));
    return columns + 'x' + rows;
  }

  function query() {
    var theme = given('theme');
    var all = ['size=' + (given('size') || size())];
    if (theme) { all.push('theme=' + theme); }
    if (light && light.matches) { all.push('scheme=light'); }
    if (given('names')) { all.push('names=' + given('names')); }
    if (given('page')) { all.push('page=' + given('page')); }
    return all.join('&');
  }

  function markup(text) {
    var box = document.createElement('div');
    box.innerHTML = text;
    return box.firstChild;
  }

  function hear() {
    heard = Date.now();
    if (lost.className !== '') {
      lost.className = '';
      board.className = '';
    }
  }

  function lose() {
    if (lost.className === '') {
      since.textContent = shown ? 'These figures are from ' + shown + '.' : '';
      lost.className = 'shown';
      board.className = 'old';
    }
  }

  function show(event) {
    var message = JSON.parse(event.data);
    if (version !== null && message.version !== undefined && message.version !== version) {
      window.location.reload();
      return;
    }
    if (message.version !== undefined) { version = message.version; }
    if (message.svg !== undefined) {
      board.innerHTML = message.svg;
      document.body.style.backgroundColor = message.paper;
    }
    var rows = message.rows || [];
    for (var i = 0; i < rows.length; i += 1) {
      var old = document.getElementById(rows[i][0]);
      // An element of SVG is made by the parser of HTML within an svg element.
      if (old) { old.parentNode.replaceChild(markup('<svg>' + rows[i][1] + '</svg>').firstChild, old); }
    }
    shown = message.time;
    hear();
  }

  function connect() {
    if (source) { source.close(); }
    asked = query();
    tried = Date.now();
    source = new window.EventSource('events?' + asked);
    source.addEventListener('board', show);
    source.addEventListener('beat', hear);
    source.onerror = lose;
  }

  function watch() {
    var now = Date.now();
    if (now - heard > LOST_AFTER) { lose(); }
    // The browser tries again by itself, unless it was told no, or waits on a line that is dead.
    var silent = source.readyState === 2 || now - heard > 3 * LOST_AFTER;
    if (silent && now - tried > AGAIN) { connect(); }
  }

  function fit() {
    if (query() !== asked) { connect(); }
  }

  // Where there are no server-sent events: the whole picture again and again.
  function refresh() {
    var request = new window.XMLHttpRequest();
    request.open('GET', 'board.svg?' + query());
    request.timeout = LOST_AFTER;
    request.onload = function () {
      if (request.status !== 200) { lose(); return; }
      board.innerHTML = request.responseText;
      shown = new Date().toTimeString().slice(0, 8);
      hear();
    };
    request.onerror = lose;
    request.ontimeout = lose;
    request.send();
  }

  if (!window.EventSource) {
    refresh();
    window.setInterval(refresh, REFRESH);
    return;
  }
  connect();
  window.setInterval(watch, 500);
  window.addEventListener('resize', function () {
    window.clearTimeout(fit.timer);
    fit.timer = window.setTimeout(fit, 200);
  });
  if (light && light.addListener) { light.addListener(fit); }
}());
