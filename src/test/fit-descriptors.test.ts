// 描述符的分配: 各项加起来装得进上限, 够用时一个也不少, 再少也人人有份
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitDescriptors } from '../assembly/descriptors.js';
import { loadConfig } from '../config.js';

const CONFIG = loadConfig({ env: {}, args: [], overrides: {} });
// 进程自己留的; 一个上传的两份, 两个入口
const OWN = 80;
const PER_UPLOAD = 4;

function total(limit: number | undefined): number {
  const { config, maxSockets } = fitDescriptors(CONFIG, limit);
  const { maxActive, maxFollowers } = config.downloads;
  return OWN + maxSockets + maxActive + maxFollowers + PER_UPLOAD * config.uploads.maxActive;
}

test('描述符: 从 128 到够用为止, 各项之和都装得进, 每项至少一个, WebSocket 占不满套接字', () => {
  for (let limit = 128; limit < 22_000; limit += 7) {
    assert.ok(total(limit) <= limit, `${limit}: ${total(limit)}`);
    const { config, maxSockets } = fitDescriptors(CONFIG, limit);
    assert.ok(config.server.maxConnections >= 1 && config.server.maxConnections < maxSockets, `${limit}`);
    assert.ok(config.downloads.maxActive >= 1 && config.uploads.maxActive >= 1, `${limit}`);
  }
});

test('描述符: 够用, 或不知道上限时, 设置原样', () => {
  for (const limit of [undefined, 22_128, 1_048_576]) {
    assert.equal(fitDescriptors(CONFIG, limit).config, CONFIG);
    assert.ok(fitDescriptors(CONFIG, limit).maxSockets >= CONFIG.server.maxConnections);
  }
  assert.notEqual(fitDescriptors(CONFIG, 22_127).config, CONFIG);
});
