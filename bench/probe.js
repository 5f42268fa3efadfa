// Evaluated in the page before a question is sent. Times of the page's clock, in milliseconds;
// `seen` and `settled` are wall clock times.
(() => {
  const bench = { entered: 0, first: 0, seen: 0, settled: 0, tasks: [] };
  window.bench = bench;
  const wall = () => performance.timeOrigin + performance.now();
  addEventListener("keydown", (event) => { bench.entered = event.timeStamp; }, { capture: true, once: true });

  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) bench.tasks.push(entry.duration);
  }).observe({ type: "longtask" });

  // The first token: noticed when it enters the page, counted when its frame was painted.
  const told = document.getElementById("messages").querySelectorAll(".message--assistant").length;
  const observer = new MutationObserver(() => {
    const answers = document.querySelectorAll("#messages .message--assistant");
    if (answers.length <= told) return;
    if (!answers[answers.length - 1].querySelector(".prose")?.textContent.trim()) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => { bench.first = performance.now(); }));
  });
  observer.observe(document.getElementById("messages"), { subtree: true, childList: true, characterData: true });

  // The last one: looked for only when it is due, since looking costs the main thread too.
  bench.watch = (mark) => {
    const look = () => {
      const answers = document.querySelectorAll("#messages .message--assistant");
      const answer = answers[answers.length - 1];
      if (!bench.seen && answer?.textContent.includes(mark)) bench.seen = wall();
      if (bench.seen && !answer.hasAttribute("data-live")) bench.settled = wall();
      else setTimeout(look, 20);
    };
    look();
  };
})();
