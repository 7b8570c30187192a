// The theme is set before the page is drawn, so that it does not flash.
document.documentElement.dataset.theme =
  localStorage.getItem("vmm-theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
