/** Digits from elsewhere: dropped files, broken files, the data= address, a failing download. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { cifarArchive, cifarFile, cifarSet, colour } from "./cifar.mjs";
import {
  assertQuiet,
  DIST,
  download,
  drop,
  figure,
  iteration,
  notice,
  open,
  refusal,
  runButton,
  start,
  stepTo,
  waitIteration,
  waitPhase,
} from "./harness.mjs";
import { csvTable, idxSet } from "./idx.mjs";
import { FOLDER } from "./server.mjs";

/** @type {Awaited<ReturnType<typeof start>>} */
let env;
before(async () => {
  env = await start();
});
after(() => env.close());

const digits = (page) => page.locator(".digits-text").textContent();

describe("digits", () => {
  test("broken files are refused with a reason, and the run goes on with what was there", async () => {
    const opened = await open(env, { params: "task=classifier&rules=np" });
    const { page } = opened;
    await stepTo(page, "1 step", 1);
    const before = await digits(page);
    const [trainImages, trainLabels] = idxSet();
    const cases = [
      { name: "holiday.jpg", bytes: Buffer.from("this is no IDX file at all") },
      { name: trainImages.name, bytes: trainImages.bytes.subarray(0, 300) },
      {
        name: trainLabels.name,
        bytes: Buffer.concat([trainLabels.bytes.subarray(0, 40), Buffer.alloc(48, 77)]),
      },
      { name: "empty-images-idx3-ubyte", bytes: Buffer.alloc(0) },
    ];
    for (const file of cases) await refusal(page, file);
    assert.equal(await digits(page), before);
    assert.equal(await iteration(page), 1);
    await stepTo(page, "1 step", 2);
    assertQuiet(opened);
    await opened.close();
  });

  test("two CSV tables replace the digits; one that is no table of images is refused", async () => {
    const opened = await open(env, { params: "task=classifier&rules=np,bp" });
    const { page } = opened;
    const shares = { name: "mnist_train.csv", bytes: Buffer.from("label,p0\n3,0.5\n") };
    assert.match(
      await refusal(page, shares),
      /row 2, column 2: expected a whole number .* found `0\.5`/,
    );
    const labels = Array.from({ length: 60 }, (_, i) => i % 10);
    await drop(page, [{ name: "mnist_train.csv", bytes: csvTable(labels) }]);
    await page.getByText("Still missing: test images, test labels").waitFor();
    await drop(page, [{ name: "mnist_test.csv", bytes: csvTable(labels.slice(0, 20)) }]);
    await page.getByText("Loaded 60 training and 20 test images").waitFor();
    assert.match((await digits(page)) ?? "", /^CSV files, 60 \+ 20 images/);
    await stepTo(page, "1 step", 1);
    assertQuiet(opened);
    await opened.close();
  });

  test("the four IDX files replace the digits, even in two helpings", async () => {
    const opened = await open(env, { params: "task=classifier&rules=np,bp" });
    const { page } = opened;
    const files = idxSet();
    await drop(page, files.slice(0, 2));
    await page.getByText("Still missing: test images, test labels").waitFor();
    await drop(page, files.slice(2));
    await page.getByText("Loaded 80 training and 20 test images").waitFor();
    assert.match((await digits(page)) ?? "", /80 to learn from, 20 to test on/);
    await waitPhase(page, "ready");
    await stepTo(page, "1 step", 1);
    await page.getByRole("radio", { name: "Autoencoder" }).check();
    await waitPhase(page, "ready");
    await stepTo(page, "1 step", 1);
    await figure(page, "latent").scrollIntoViewIfNeeded();
    await page.waitForTimeout(600);
    assertQuiet(opened);
    await opened.close();
  });

  test("images of another size make a network of another size", async () => {
    const opened = await open(env, { params: "rules=bp" });
    const { page } = opened;
    await drop(page, idxSet({ side: 20 }));
    await page.getByText("Loaded 80 training").waitFor();
    assert.match(
      (await page.locator("[data-lede]").textContent()) ?? "",
      /400 – 200 – 2 – 200 – 400/,
    );
    await stepTo(page, "1 step", 1);
    assertQuiet(opened);
    await opened.close();
  });

  test("sets that do not fit together are refused as a whole", async () => {
    const { page, close } = await open(env, { params: "task=classifier&rules=np" });
    const small = idxSet({ train: 30 });
    await drop(page, [small[0], ...idxSet().slice(1)]);
    await page.locator('[data-notice="digits"].error').waitFor();
    assert.match((await digits(page)) ?? "", /9,000 to learn from/);
    await close();
  });

  test("CIFAR-10 files replace the digits and are drawn in colour", async () => {
    const opened = await open(env, { params: "rules=bp" });
    const { page } = opened;
    const files = cifarSet();
    await drop(page, files.slice(0, 2));
    await page.getByText("Still missing: test images").waitFor();
    await drop(page, files.slice(2));
    await page.getByText("Loaded 60 training and 20 test images").waitFor();
    assert.match((await digits(page)) ?? "", /^CIFAR-10, 60 \+ 20 images/);
    assert.match(
      (await page.locator("[data-lede]").textContent()) ?? "",
      /3,?072 – 200 – 2 – 200 – 3,?072/,
    );
    await stepTo(page, "1 step", 1);
    await figure(page, "images").scrollIntoViewIfNeeded();
    await page.waitForTimeout(600);
    // The middle of each original: classes 0 to 9 in order.
    const seen = await page
      .locator('[data-figure="images"] canvas')
      .first()
      .evaluate((canvas) => {
        const ctx = canvas.getContext("2d");
        const { data } = ctx.getImageData(0, canvas.height >> 1, canvas.width, 1);
        return Array.from({ length: 10 }, (_, i) => {
          const at = 4 * Math.round(((i + 0.5) / 10) * canvas.width);
          return [...data.slice(at, at + 3)];
        });
      });
    seen.forEach((rgb, label) => {
      rgb.forEach((value, channel) => {
        assert.ok(Math.abs(value - colour(label)[channel]) <= 2, `class ${label}: ${rgb}`);
      });
    });
    await page.getByRole("radio", { name: "Classifier" }).check();
    await waitPhase(page, "ready");
    await stepTo(page, "1 step", 1);
    assertQuiet(opened);
    await opened.close();
  });

  test("broken CIFAR-10 files are refused, and the digits stay", async () => {
    const opened = await open(env, { params: "task=classifier&rules=np" });
    const { page } = opened;
    await stepTo(page, "1 step", 1);
    const before = await digits(page);
    const [batch] = cifarSet();
    const archive = cifarArchive(cifarSet());
    const cases = [
      [batch.name, batch.bytes.subarray(0, 3073 * 3 + 100), /cut off.*3 records and 100 bytes/],
      [batch.name, cifarFile([1, 77]), /from 0 to 9, found 77 for image number 2/],
      ["data_batch_1", Buffer.from("\x80\x02}q\x01", "latin1"), /a Python pickle; take the binary/],
      ["cifar-10-binary.tar.gz", archive.subarray(0, archive.length - 20), /cut off/],
      ["cifar-10-binary.tar.gz", Buffer.from("<html>404</html>"), /a web page/],
    ];
    for (const [name, bytes, reason] of cases)
      assert.match(await refusal(page, { name, bytes }), reason);
    assert.equal(await digits(page), before);
    assert.equal(await iteration(page), 1);
    await stepTo(page, "1 step", 2);
    assertQuiet(opened);
    await opened.close();
  });

  test("files of two data sets do not mix, and the first can be forgotten", async () => {
    const opened = await open(env, { params: "task=classifier&rules=bp" });
    const { page } = opened;
    await drop(page, idxSet().slice(0, 1));
    await page.getByText("Still missing: training labels").waitFor();
    const archive = {
      name: "download.tar.gz",
      bytes: cifarArchive(cifarSet().filter((f) => !f.name.endsWith(".gz"))),
    };
    await drop(page, [archive]);
    const message = page.locator('[data-notice="digits"].error');
    await message.waitFor();
    assert.match(
      (await message.textContent()) ?? "",
      /files of two data sets cannot be loaded together/,
    );
    await message.getByRole("button", { name: "Forget the files so far" }).click();
    await page.getByText("Forgotten.").waitFor();
    await drop(page, [archive]);
    await page.getByText("Loaded 40 training and 20 test images").waitFor();
    await stepTo(page, "1 step", 1);
    assertQuiet(opened);
    await opened.close();
  });

  test("data= is used only after the reader agrees to its host", async () => {
    const files = idxSet();
    for (const { name, bytes } of files) {
      env.site.extra.set(`${FOLDER}own/${name}`, (response) => response.writeHead(200).end(bytes));
    }
    const asked = env.site.requests.length;
    const { page, errors, close } = await open(env, {
      params: "task=classifier&rules=np&data=own",
    });
    const question = notice(page, "remote");
    await question.waitFor();
    assert.match((await question.textContent()) ?? "", /127\.0\.0\.1/);
    const requests = () => env.site.requests.slice(asked).filter((p) => p.includes("/own/"));
    assert.deepEqual(requests(), []);
    await question.getByRole("button", { name: /^Load from/ }).click();
    await page.getByText("Loaded 80 training and 20 test images").waitFor();
    assert.ok(requests().length >= 4);
    // A missing spelling (.gz) answers 404, which the browser itself notes in the console.
    assert.deepEqual(
      errors.filter((e) => !e.includes("404")),
      [],
    );
    env.site.extra.clear();
    await close();
  });

  test("data= may name a folder of CIFAR-10 files or an archive", async () => {
    const files = cifarSet();
    for (const { name, bytes } of files) {
      env.site.extra.set(`${FOLDER}ten/${name}`, (response) => response.writeHead(200).end(bytes));
    }
    const packed = cifarArchive(files.filter(({ name }) => !name.endsWith(".gz")));
    env.site.extra.set(`${FOLDER}ten.tar.gz`, (response) => response.writeHead(200).end(packed));
    for (const [address, train] of [
      ["ten", 60],
      ["ten.tar.gz", 40],
    ]) {
      const { page, close } = await open(env, {
        params: `task=classifier&rules=bp&data=${address}`,
      });
      await notice(page, "remote")
        .getByRole("button", { name: /^Load from/ })
        .click();
      await page.getByText(`Loaded ${train} training and 20 test images`).waitFor();
      await close();
    }
    env.site.extra.clear();
  });

  test("data= that fails or is not an address leaves the built-in digits", async () => {
    const gone = await open(env, { params: "rules=bp&data=nowhere" });
    await notice(gone.page, "remote")
      .getByRole("button", { name: /^Load from/ })
      .click();
    const message = gone.page.locator('[data-notice="digits"].error');
    await message.waitFor();
    assert.match((await message.textContent()) ?? "", /404.*still in place/);
    await gone.close();
    const bad = await open(env, { params: "rules=bp&data=javascript:alert(1)" });
    await bad.page.getByText("must be https, or on this site").waitFor();
    assertQuiet(bad);
    await bad.close();
  });

  test("when the digits cannot be fetched the page says so, and Try again works", async () => {
    env.site.extra.set(`${FOLDER}data/mnist-10k.bin`, (response) => response.writeHead(503).end());
    const { page, close } = await open(env, { params: "rules=bp", ready: false });
    await notice(page, "digits").waitFor();
    assert.match((await notice(page, "digits").textContent()) ?? "", /503/);
    await runButton(page).click();
    await page.getByText("Starts when the digits are here").waitFor();
    env.site.extra.clear();
    await notice(page, "digits").getByRole("button", { name: "Try again" }).click();
    await waitPhase(page, "running");
    await close();
  });

  test("on a slow line a run begins with the first digits, if the reader wants it to", async (context) => {
    const file = readFileSync(path.join(DIST, "data", "mnist-10k.bin"));
    /** A part and a little more, then a piece now and then, then the rest. */
    const slowly = () => {
      let rest = () => {};
      env.site.extra.set(`${FOLDER}data/mnist-10k.bin`, (response) => {
        response.writeHead(200, { "content-length": file.length });
        let at = Math.round(0.3 * file.length);
        response.write(file.subarray(0, at));
        const drip = setInterval(() => {
          response.write(file.subarray(at, at + 100));
          at += 100;
        }, 50);
        rest = () => {
          clearInterval(drip);
          env.site.extra.clear();
          if (!response.writableEnded) response.end(file.subarray(at));
        };
      });
      return () => rest();
    };
    const params = "task=classifier&rules=bp,fa&seed=4&stop=200";
    let rest = slowly();
    // A test that fails must not leave the server waiting.
    context.after(() => rest());
    const opened = await open(env, { params, ready: false });
    const { page } = opened;
    await page
      .getByText(/^Loading digits: [\d,.]+ [kM]B of/)
      .first()
      .waitFor();
    await runButton(page).click();
    await waitIteration(page, 20);
    await notice(page, "early").filter({ hasText: "the first 2,500 digits" }).waitFor();
    assert.match(await digits(page), /2,250 to learn from, 250 to test on/);
    await waitPhase(page, "finished");
    rest();
    const again = notice(page, "early").getByRole("button", { name: "Start over with all" });
    await again.waitFor();
    assert.match(await digits(page), /2,250 to learn from/, "a run keeps what it learns from");
    await again.click();
    await waitPhase(page, "finished");
    assert.match(await digits(page), /9,000 to learn from, 1,000 to test on/);
    assert.equal(await notice(page, "early").count(), 0);
    const exported = async (from) => {
      const { bytes } = await download(from, () =>
        from.getByRole("button", { name: "JSON", exact: true }).click(),
      );
      return JSON.parse(bytes.toString()).runs;
    };
    const late = await exported(page);
    assertQuiet(opened);
    await opened.close();

    // Nobody pressed Run: the digits are waited for, and the numbers are those of any other visit.
    rest = slowly();
    const calm = await open(env, { params, ready: false });
    await calm.page.waitForTimeout(3000);
    assert.equal(await calm.page.locator(".lab").getAttribute("data-phase"), "empty");
    rest();
    await waitPhase(calm.page, "ready");
    await runButton(calm.page).click();
    await waitPhase(calm.page, "finished");
    assert.deepEqual(await exported(calm.page), late);
    await calm.close();
  });

  test("a slow download shows bytes, and the page is usable meanwhile", async () => {
    const { page, close } = await open(env, { params: "rules=bp", ready: false });
    await waitPhase(page, "ready");
    const held = [];
    await page.route("**/mnist-10k.bin", (route) => held.push(route));
    await page.reload();
    await page.locator(".chip").first().waitFor();
    await page.locator('.rule-rates[data-rule="bp"] input[type="text"]').first().fill("2e-4");
    for (const route of held) await route.continue();
    await waitPhase(page, "ready");
    await close();
  });
});
