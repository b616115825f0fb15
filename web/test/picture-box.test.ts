// 图片的框: 来之前与来之后一样大, 再小也点得开, 透明的在深色里看得见; 头像与分类按钮也在这里量
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { serve, temporaryFolder } from '../../src/test/harness.js';
import { launch, openPage } from './browser.js';
import { enter, log, partsOf } from './chat-page.js';

interface Shape {
  readonly name: string;
  readonly width: number;
  readonly height: number;
}

const SHAPES: readonly Shape[] = [
  { name: '很高.png', width: 600, height: 9000 },
  { name: '很宽.png', width: 9000, height: 120 },
  { name: '平常.png', width: 1600, height: 800 },
  { name: '很小.png', width: 40, height: 40 },
];

/** 全透明的 PNG, 发出并等它出现在记录里 */
async function share(t: TestContext, page: Page, shapes: readonly Shape[]): Promise<void> {
  const folder = await temporaryFolder(t);
  for (const { name, width, height } of shapes) {
    const file = path.join(folder, name);
    const background = { r: 0, g: 0, b: 0, alpha: 0 };
    await sharp({ create: { width, height, channels: 4, background } })
      .png()
      .toFile(file);
    await partsOf(page).fileInput.setInputFiles(file);
    await opener(page, name).waitFor();
  }
}

function opener(page: Page, name: string): Locator {
  return log(page).getByRole('button', { name: `查看大图 ${name}` });
}

async function sizeOf(target: Locator): Promise<readonly number[]> {
  const box = await target.boundingBox();
  assert.ok(box);
  return [Math.round(box.width), Math.round(box.height)];
}

/** 缩略图到达并显示出来 */
async function loaded(page: Page, name: string): Promise<void> {
  const image = log(page).getByRole('img', { name });
  // loading=lazy: 看得见才取
  await image.scrollIntoViewIfNeeded();
  await image.evaluate(async (element: HTMLImageElement) => {
    while (!element.complete || element.naturalWidth === 0) await new Promise(requestAnimationFrame);
  });
}

describe('网页: 图片的框', () => {
  it('很高, 很宽, 平常的图, 来之前与来之后的框一样大', async (t) => {
    const { http } = await serve(t);
    const page = await openPage(t, await launch(t), http);
    await enter(page, '张三');
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route('**/thumb', async (route) => {
      await held;
      await route.continue();
    });
    await share(t, page, SHAPES);
    const sizes = async (): Promise<(readonly number[])[]> =>
      Promise.all(SHAPES.map(({ name }) => sizeOf(opener(page, name))));
    const before = await sizes();
    release();
    for (const { name } of SHAPES) await loaded(page, name);
    assert.deepEqual(await sizes(), before);
    assert.deepEqual(before, [
      [64, 320],
      [320, 64],
      [320, 160],
      [64, 64],
    ]);
  });

  it('很小与很细的图, 鼠标点正中就是看大图; 大图里 Home 与 End 到头', async (t) => {
    const { http } = await serve(t);
    const page = await openPage(t, await launch(t), http);
    await enter(page, '张三');
    await share(t, page, SHAPES);
    const dialog = page.getByRole('dialog', { name: '图片查看' });
    for (const { name, width, height } of SHAPES) {
      await opener(page, name).scrollIntoViewIfNeeded();
      const box = await opener(page, name).boundingBox();
      assert.ok(box);
      // 真的鼠标, 不经 Playwright 的可点检查: 先悬停, 按钮若会出现就已出现
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      await page.mouse.move(x, y);
      await page.mouse.click(x, y);
      await dialog.getByText(`${width} × ${height}`).waitFor();
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'hidden' });
    }
    await opener(page, '很宽.png').click();
    await page.keyboard.press('Home');
    await dialog.getByText('600 × 9000').waitFor();
    await page.keyboard.press('End');
    await dialog.getByText('40 × 40').waitFor();
  });

  it('深色主题: 透明的图衬着浅色', async (t) => {
    const { http } = await serve(t);
    const page = await openPage(t, await launch(t), http, { colorScheme: 'dark' });
    const { files } = await enter(page, '张三');
    await share(t, page, [{ name: '签名.png', width: 300, height: 200 }]);
    await loaded(page, '签名.png');
    const backing = 'rgb(242, 244, 246)';
    const color = (target: Locator): Promise<string> =>
      target.evaluate((element) => getComputedStyle(element).backgroundColor);
    assert.equal(await color(log(page).getByRole('img', { name: '签名.png' })), backing);
    const small = files.getByRole('button', { name: /签名/ }).first().locator('img');
    await small.evaluate((element: HTMLImageElement) => element.decode());
    assert.equal(await color(small), backing);
    await opener(page, '签名.png').click();
    const full = page.getByRole('dialog').getByRole('img', { name: '签名.png' });
    await full.evaluate((element: HTMLImageElement) => element.decode());
    assert.equal(await color(full), backing);
  });
});

describe('网页: 颜色与地方', () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    it(`头像 (${colorScheme}): 360 种色相上白字都有 4.5:1`, async (t) => {
      const { http } = await serve(t);
      const page = await openPage(t, await launch(t), http, { colorScheme });
      await enter(page, '张三');
      const worst = await page
        .locator('.avatar')
        .first()
        .evaluate((element: HTMLElement) => {
          const brush = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
          if (brush === null) throw new Error('没有画布');
          const linear = (value: number): number =>
            value <= 10 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
          const contrasts = Array.from({ length: 360 }, (_, hue) => {
            element.style.setProperty('--hue', String(hue));
            brush.fillStyle = getComputedStyle(element).backgroundColor;
            brush.fillRect(0, 0, 1, 1);
            const [red = 0, green = 0, blue = 0] = brush.getImageData(0, 0, 1, 1).data;
            // WCAG 的相对亮度
            return 1.05 / (0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue) + 0.05);
          });
          return Math.min(...contrasts);
        });
      assert.ok(worst >= 4.5, `最低 ${worst.toFixed(2)}`);
      assert.ok(worst < 9, '真的取到了颜色');
    });
  }

  it('文件面板的分类按钮: 英文的侧栏里全部看得见, 强制配色下按下的看得出', async (t) => {
    const { http } = await serve(t);
    const page = await openPage(t, await launch(t), http, { locale: 'en-US' });
    await enter(page, 'Maria', 'en-US');
    const group = page.getByRole('group', { name: 'File type' });
    const hidden = await group.evaluate((element) => element.scrollWidth - element.clientWidth);
    assert.equal(hidden, 0);
    await page.emulateMedia({ forcedColors: 'active' });
    const color = (name: string): Promise<string> =>
      group
        .getByRole('button', { name, exact: true })
        .evaluate((element) => getComputedStyle(element).backgroundColor);
    assert.notEqual(await color('All'), await color('Images'));
  });
});
