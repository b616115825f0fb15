// 传输连接的网址里没有会话令牌: 代理的访问日志记下的是用过就作废的票
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { Client } from '../../src/test/client.js';
import { serve, temporaryFolder } from '../../src/test/harness.js';
import { launch, openPage } from './browser.js';
import { enter, partsOf } from './chat-page.js';
import { CutProxy } from './cut-proxy.js';
import { writeRandomFile } from './random-file.js';

const MIB = 1024 * 1024;

describe('网页: 传输票', () => {
  it('大文件传完, 取消传了一半的, 经过的网址里都没有令牌; 每张票只用一次', async (t) => {
    const { port, ws } = await serve(t, { files: { windowBytes: 262_144 } });
    const other = await Client.join(t, ws, '李四', { features: ['offer'] });
    const proxy = await CutProxy.start(t, port);
    const folder = await temporaryFolder(t);
    const [done, unwanted] = [path.join(folder, '数据.bin'), path.join(folder, '不要.bin')];
    await writeRandomFile(done, 2 * MIB, 'done');
    await writeRandomFile(unwanted, 200 * MIB, 'unwanted');
    const page = await openPage(t, await launch(t), proxy.http);
    const { fileInput } = await enter(page, '张三');
    await fileInput.setInputFiles([done]);
    assert.equal((await other.next('file'))['name'], '张三');
    await fileInput.setInputFiles([unwanted]);
    await other.next(({ type, originalName }) => type === 'file_offer' && originalName === '不要.bin');
    const item = partsOf(page).transfers.getByRole('listitem').filter({ hasText: '不要.bin' });
    await item.getByRole('button', { name: /取消/ }).click();
    await other.next('file_withdrawn');
    const urls = proxy.openings.filter((line) => line.includes('/ws/transfer'));
    // 两次上传, 一次去删
    assert.equal(urls.length, 3, urls.join('\n'));
    for (const url of urls) assert.match(url, /^GET \/ws\/transfer\?ticket=[\w-]{32} HTTP/);
    assert.equal(new Set(urls).size, urls.length);
    assert.ok(!proxy.openings.some((line) => line.includes('session=')));
  });
});
