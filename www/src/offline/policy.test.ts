import { describe, expect, it } from "vitest";
import { cacheName, cachePrefix, route } from "./policy";

const SCOPE = "https://example.org/some/folder/";
const FILES = ["index.html", "article.html", "assets/index-abc.js", "data/mnist-10k.bin"];
const of = (url: string, method = "GET") => route({ method, url }, SCOPE, FILES);

describe("offline", () => {
  it("knows its pages whatever their parameters, and its folder as index.html", () => {
    expect(of(SCOPE)).toEqual({ kind: "page", file: "index.html" });
    expect(of(`${SCOPE}?preset=fig2`)).toEqual({ kind: "page", file: "index.html" });
    expect(of(`${SCOPE}article.html?theme=dark`)).toEqual({ kind: "page", file: "article.html" });
  });

  it("keeps exactly its own files", () => {
    expect(of(`${SCOPE}assets/index-abc.js`)).toEqual({
      kind: "file",
      file: "assets/index-abc.js",
    });
    for (const url of [
      `${SCOPE}assets/index-new.js`,
      `${SCOPE}mnist/train-images-idx3-ubyte.gz`,
      "https://example.org/data/mnist-10k.bin",
      "https://example.org/other/index.html",
      "https://elsewhere.org/some/folder/index.html",
      "http://example.org/some/folder/index.html",
    ]) {
      expect(of(url), url).toEqual({ kind: "other" });
    }
    expect(of(SCOPE, "POST")).toEqual({ kind: "other" });
  });

  it("has one cache a version and folder, and tells its own from others", () => {
    const name = cacheName(SCOPE, "1a2b");
    expect(name.startsWith(cachePrefix(SCOPE))).toBe(true);
    expect(name.startsWith(cachePrefix("https://example.org/some/"))).toBe(false);
  });
});
