// 平滑的速度
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Speed } from '../../src/net/upload/speed.js';

describe('上传的速度', () => {
  it('样本太少时不报, 免得开头乱跳', () => {
    const speed = new Speed();
    assert.equal(speed.bytesPerSecond, 0);
    speed.record(0, 0);
    speed.record(200, 1_000_000);
    assert.equal(speed.bytesPerSecond, 0);
    speed.record(400, 2_000_000);
    assert.equal(speed.bytesPerSecond, 5_000_000);
  });

  it('只看最近三秒: 停住之后降到 0', () => {
    const speed = new Speed();
    for (let time = 0; time <= 2000; time += 200) speed.record(time, time * 1000);
    assert.equal(speed.bytesPerSecond, 1_000_000);
    for (let time = 2200; time <= 5200; time += 200) speed.record(time, 2_000_000);
    assert.equal(speed.bytesPerSecond, 0);
  });

  it('从头再来时旧样本作废, 不会出现负的速度', () => {
    const speed = new Speed();
    speed.record(0, 9_000_000);
    speed.record(1000, 0);
    assert.equal(speed.bytesPerSecond, 0);
    speed.record(2000, 500_000);
    assert.equal(speed.bytesPerSecond, 500_000);
  });
});
