import { describe, expect, it } from "vitest";
import type { DatasetHandle, IdxLoaderHandle } from "../engine/protocol";
import { fakeData } from "../testing/fake";
import { DataError, feed, finish, type Pause, type Source } from "./idx";
import { folderUrl } from "./remote";

class FakeLoader implements IdxLoaderHandle {
  pushed = 0;
  largest = 0;
  files: string[] = [];
  failAt = Number.POSITIVE_INFINITY;
  begin(name: string): void {
    this.files.push(name);
  }
  push(chunk: Uint8Array): void {
    this.pushed += chunk.length;
    this.largest = Math.max(this.largest, chunk.length);
    if (this.pushed > this.failAt) throw Object.assign(new Error("wrong magic"), { code: "data" });
  }
  end(): { role: "train-images"; items: number } {
    return { role: "train-images", items: 1 };
  }
  missing(): string[] {
    return [];
  }
  finish(): DatasetHandle {
    return fakeData;
  }
  free(): void {}
}

function source(name: string, bytes: number): Source {
  return {
    name,
    size: bytes,
    stream: async () =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new Uint8Array(bytes));
          controller.close();
        },
      }),
  };
}

/** Every look at the clock costs 5 ms. */
function slowPause(): Pause & { breaths: number } {
  let t = 0;
  return {
    breaths: 0,
    now: () => {
      t += 5;
      return t;
    },
    async breathe() {
      this.breaths++;
    },
  };
}

const none = new AbortController().signal;

describe("feed", () => {
  it("hands every byte over in small pieces and lets the page breathe", async () => {
    const loader = new FakeLoader();
    const pause = slowPause();
    const seen: number[] = [];
    await feed(
      loader,
      [source("a.gz", 3_000_000), source("b", 10)],
      (p) => seen.push(p.done),
      none,
      pause,
    );
    expect(loader.pushed).toBe(3_000_010);
    expect(loader.largest).toBeLessThanOrEqual(256 * 1024);
    expect(loader.files).toEqual(["a.gz", "b"]);
    expect(pause.breaths).toBeGreaterThan(2);
    expect(seen.at(-1)).toBe(10);
  });

  it("stops at once with the name of the file at fault", async () => {
    const loader = new FakeLoader();
    loader.failAt = 300_000;
    const failing = feed(loader, [source("a", 3_000_000)], () => undefined, none, slowPause());
    await expect(failing).rejects.toMatchObject({ file: "a", message: "wrong magic." });
    expect(loader.pushed).toBeLessThan(600_000);
  });

  it("can be cancelled", async () => {
    const stop = new AbortController();
    const loader = new FakeLoader();
    const feeding = feed(
      loader,
      [source("a", 3_000_000)],
      () => stop.abort(),
      stop.signal,
      slowPause(),
    );
    await expect(feeding).rejects.toThrow();
    expect(loader.pushed).toBe(0);
  });

  it("reports files that do not fit together", () => {
    const loader = new FakeLoader();
    loader.finish = () => {
      throw Object.assign(new Error("60,000 images but 10,000 labels"), { code: "data" });
    };
    expect(() => finish(loader)).toThrow(DataError);
  });
});

describe("folderUrl", () => {
  const base = "https://example.org/lab/";
  it("accepts folders on the web and beside the page", () => {
    expect(folderUrl("https://data.example/mnist", base)?.href).toBe("https://data.example/mnist/");
    expect(folderUrl("digits/?x#y", base)?.href).toBe("https://example.org/lab/digits/");
  });
  it("accepts plain http only at the page's own origin", () => {
    const local = "http://127.0.0.1:8000/lab/";
    expect(folderUrl("digits", local)?.href).toBe("http://127.0.0.1:8000/lab/digits/");
    expect(folderUrl("http://127.0.0.1:8001/digits", local)).toBeNull();
    expect(folderUrl("https://data.example/mnist", local)?.protocol).toBe("https:");
  });
  it("refuses everything else", () => {
    for (const bad of [
      "",
      "javascript:alert(1)",
      "data:text/plain,x",
      "file:///etc",
      "https://a:b@c.d/",
      "http://",
      "http://data.example/mnist",
      "http://example.org/lab/digits",
      "x".repeat(2000),
    ]) {
      expect(folderUrl(bad, base)).toBeNull();
    }
  });
});
