/** What the page asks WebGPU itself: the adapter everyone shares, and how often they dispatch. */

/** One line about the adapter, for the report; undefined where there is none. */
export async function adapterText() {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) return undefined;
  const { vendor, architecture, device, description } = adapter.info;
  return [vendor, architecture, device, description].filter(Boolean).join(" · ") || "unnamed";
}

/** Runs `work` and counts the compute dispatches it encodes, whoever does; null without WebGPU. */
export async function countDispatches(work) {
  const encoder = globalThis.GPUComputePassEncoder?.prototype;
  if (!encoder) {
    await work();
    return null;
  }
  const methods = ["dispatchWorkgroups", "dispatchWorkgroupsIndirect"];
  const originals = methods.map((name) => encoder[name]);
  let count = 0;
  methods.forEach((name, k) => {
    encoder[name] = function (...args) {
      count++;
      return originals[k].apply(this, args);
    };
  });
  try {
    await work();
  } finally {
    methods.forEach((name, k) => {
      encoder[name] = originals[k];
    });
  }
  return count;
}
