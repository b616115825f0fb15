// 图片占多大, 大图怎样缩放: 只有算术
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { displayBox } from '../../src/view/media/fit.js';
import { clampZoom, FIT, fitScale, toggleTarget, zoomAt } from '../../src/view/media/zoom.js';

const STAGE = { width: 1000, height: 500 };
const PHOTO = { width: 4000, height: 3000 };

test('显示的框: 放进 320 * 320, 比例不变', () => {
  assert.deepEqual(displayBox({ width: 3200, height: 1600 }), { width: 320, height: 160 });
  assert.deepEqual(displayBox({ width: 900, height: 1600 }), { width: 180, height: 320 });
});

test('显示的框: 不放大; 太小太细的给 64 的框', () => {
  assert.deepEqual(displayBox({ width: 200, height: 100 }), { width: 200, height: 100 });
  assert.deepEqual(displayBox({ width: 16, height: 16 }), { width: 64, height: 64 });
  assert.deepEqual(displayBox({ width: 30_000, height: 10 }), { width: 320, height: 64 });
});

test('大图: 放进窗口但不放大', () => {
  assert.equal(fitScale(PHOTO, STAGE), 500 / 3000);
  assert.equal(fitScale({ width: 10, height: 10 }, STAGE), 1);
});

test('缩放: 指着的那一点不动', () => {
  const point = { x: 120, y: -40 };
  const after = zoomAt({ zoom: 2, x: 30, y: 10 }, 5, point);
  // 同一个图上的点: (point - 位移) / 倍率
  assert.equal((point.x - after.x) / 5, (120 - 30) / 2);
  assert.equal((point.y - after.y) / 5, (-40 - 10) / 2);
});

test('平移: 图边不离开窗口边, 没有放大时总在中央', () => {
  assert.deepEqual(clampZoom({ zoom: 1, x: 999, y: 999 }, PHOTO, STAGE), FIT);
  const far = clampZoom({ zoom: 4, x: 1e6, y: -1e6 }, PHOTO, STAGE);
  const scale = fitScale(PHOTO, STAGE);
  assert.equal(far.x, (4000 * scale * 4 - 1000) / 2);
  assert.equal(far.y, -(3000 * scale * 4 - 500) / 2);
});

test('倍率: 不小于放进窗口, 至多原图的四倍', () => {
  assert.equal(clampZoom({ zoom: 0.1, x: 0, y: 0 }, PHOTO, STAGE).zoom, 1);
  assert.ok(Math.abs(clampZoom({ zoom: 1e9, x: 0, y: 0 }, PHOTO, STAGE).zoom - 24) < 1e-9);
});

test('双击: 在放进窗口与 1:1 之间切换, 小图放到两倍', () => {
  assert.equal(toggleTarget(FIT, PHOTO, STAGE), 6);
  assert.equal(toggleTarget({ zoom: 3, x: 0, y: 0 }, PHOTO, STAGE), 1);
  assert.equal(toggleTarget(FIT, { width: 50, height: 50 }, STAGE), 2);
});
