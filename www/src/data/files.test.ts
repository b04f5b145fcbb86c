import { afterEach, describe, expect, it, vi } from "vitest";
import type { DatasetHandle, LoaderHandle } from "../engine/protocol";
import { fakeData } from "../testing/fake";
import { DataError, feed, finish, type Pause, type Source } from "./files";
import { folderUrl, remoteSources } from "./remote";

class FakeLoader implements LoaderHandle {
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
  it("leaves the address of an archive as it is", () => {
    const archive = "https://data.example/cifar-10-binary.tar.gz";
    expect(folderUrl(archive, base)?.href).toBe(archive);
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

describe("remoteSources", () => {
  afterEach(() => vi.unstubAllGlobals());

  /** A server with these files; answers 404 to everything else, and `broken` with 500. */
  function serve(...names: string[]): string[] {
    const asked: string[] = [];
    vi.stubGlobal("fetch", async (url: URL) => {
      const name = url.pathname.split("/").pop() ?? "";
      asked.push(name);
      if (name.startsWith("broken")) return new Response("", { status: 500 });
      return names.includes(name) ? new Response("data") : new Response("", { status: 404 });
    });
    return asked;
  }

  async function names(address: string): Promise<string[]> {
    const seen: string[] = [];
    for await (const source of remoteSources(new URL(address), none)) seen.push(source.name);
    return seen;
  }

  it("takes MNIST's four files where there are any, and says which is missing", async () => {
    const all = [
      "train-images-idx3-ubyte.gz",
      "train-labels-idx1-ubyte",
      "t10k-images.idx3-ubyte",
      "t10k-labels-idx1-ubyte.gz",
    ];
    serve(...all, "test_batch.bin");
    expect(await names("https://a.example/m/")).toEqual(all);
    serve(...all.slice(0, 3));
    await expect(names("https://a.example/m/")).rejects.toMatchObject({
      file: "t10k-labels-idx1-ubyte.gz",
      message: "the server answered 404.",
    });
  });

  it("takes those of CIFAR-10's batches that are there", async () => {
    serve("test_batch.bin", "data_batch_2.bin.gz", "data_batch_5.bin");
    expect(await names("https://a.example/c/")).toEqual([
      "test_batch.bin",
      "data_batch_2.bin.gz",
      "data_batch_5.bin",
    ]);
  });

  it("takes CIFAR-100 and archives, in the folder or by address", async () => {
    serve("test.bin.gz", "train.bin");
    expect(await names("https://a.example/")).toEqual(["test.bin.gz", "train.bin"]);
    const asked = serve("cifar-100-binary.tar.gz");
    expect(await names("https://a.example/x/")).toEqual(["cifar-100-binary.tar.gz"]);
    asked.length = 0;
    expect(await names("https://a.example/x/cifar-100-binary.tar.gz")).toHaveLength(1);
    expect(asked).toHaveLength(1);
  });

  it("says what it looked for when there is nothing, and stops at a broken server", async () => {
    serve();
    await expect(names("https://a.example/")).rejects.toMatchObject({
      file: expect.stringMatching(/train-images.*test_batch.bin.*cifar-100-binary.tar.gz/),
      message: "the server answered 404.",
    });
    const asked = serve();
    await expect(names("https://a.example/broken.tar.gz")).rejects.toMatchObject({
      message: "the server answered 500.",
    });
    expect(asked).toEqual(["broken.tar.gz"]);
  });
});
