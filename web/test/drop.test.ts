// 支架: 拖放的是真文件 (名字, 内容, 文件夹, 句柄), 大文件不进渲染进程的内存
import assert from 'node:assert/strict';
import { mkdir, open, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { temporaryFolder } from '../../src/test/harness.js';
import { serveBlankPage } from './blank-page.js';
import { launch, launchOwn, openPage } from './browser.js';
import { dragAway, dragOver, dropFiles } from './drop.js';
import { rendererRssBytes } from './memory.js';
import { writeRandomFile } from './random-file.js';

const MIB = 1024 * 1024;

/** 页面收到的一次拖放 */
interface Dropped {
  readonly files: { name: string; size: number; tail: number[] }[];
  /** 文件夹里的名字 (webkitGetAsEntry) */
  readonly entries: string[];
  /** getAsFileSystemHandle 的种类与名字 */
  readonly handles: string[];
}

describe('支架: 拖放', () => {
  it('文件带着真名与真内容, 可以取得句柄', async (t) => {
    const folder = await temporaryFolder(t);
    const [text, empty] = [path.join(folder, '说明 1.txt'), path.join(folder, 'empty.bin')];
    await writeFile(text, '你好abc');
    await writeFile(empty, '');
    const page = await openDropPage(t);
    await dropFiles(page, [text, empty]);
    const { files, handles } = await dropped(page);
    assert.deepEqual(
      files.map(({ name, size }) => [name, size]),
      [
        ['说明 1.txt', 9],
        ['empty.bin', 0],
      ],
    );
    assert.deepEqual(files[0]?.tail, [...Buffer.from('你好abc').subarray(-4)]);
    assert.deepEqual(handles, ['file 说明 1.txt', 'file empty.bin']);
  });

  it('文件夹可以展开', async (t) => {
    const folder = path.join(await temporaryFolder(t), '资料');
    await mkdir(folder);
    await writeFile(path.join(folder, 'a.txt'), 'a');
    const page = await openDropPage(t);
    await dropFiles(page, [folder]);
    const { entries, handles } = await dropped(page);
    assert.deepEqual(entries, ['/资料/a.txt']);
    assert.deepEqual(handles, ['directory 资料']);
  });

  it('拖到上方与离开各有各的事件', async (t) => {
    const folder = await temporaryFolder(t);
    const file = path.join(folder, 'a.txt');
    await writeFile(file, 'a');
    const page = await openDropPage(t);
    await dragOver(page, [file], { x: 40, y: 50 });
    await dragAway(page);
    const events = await page.evaluate(() => (window as unknown as { events: string[] }).events);
    assert.deepEqual(events, ['dragenter', 'dragover', 'dragleave']);
  });

  it('不存在的文件在拖之前就报错', async (t) => {
    const page = await openDropPage(t);
    await assert.rejects(dropFiles(page, ['/不存在/a.txt']), /ENOENT/);
  });

  it('300 MB 的文件留在磁盘上, 页面只在读到时才取', async (t) => {
    const file = path.join(await temporaryFolder(t), 'large.bin');
    await writeRandomFile(file, 300 * MIB, 'drop');
    const browser = await launchOwn(t);
    const page = await openDropPage(t, browser);
    const before = await rendererRssBytes(browser);
    await dropFiles(page, [file]);
    const { files } = await dropped(page);
    assert.equal(files[0]?.size, 300 * MIB);
    assert.deepEqual(files[0]?.tail, await lastBytes(file, 300 * MIB));
    const after = await rendererRssBytes(browser);
    const grown = ((after ?? 0) - (before ?? 0)) / MIB;
    assert.ok(grown < 100, `渲染进程涨了 ${grown.toFixed(0)} MiB`);
  });
});

async function lastBytes(file: string, size: number): Promise<number[]> {
  const handle = await open(file);
  const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, size - 4);
  await handle.close();
  return [...buffer];
}

async function openDropPage(
  t: Parameters<typeof launch>[0],
  browser?: Awaited<ReturnType<typeof launch>>,
): Promise<Page> {
  const page = await openPage(t, browser ?? (await launch(t)), await serveBlankPage(t));
  await page.evaluate(listenForDrop);
  return page;
}

function dropped(page: Page): Promise<Dropped> {
  return page.evaluate(() => (window as unknown as { dropped: Promise<Dropped> }).dropped);
}

// 在页面里运行: window.dropped 在放下并读完之后给出结果
function listenForDrop(): void {
  const events: string[] = [];
  const result = new Promise((resolve, reject) => {
    for (const type of ['dragenter', 'dragover', 'dragleave', 'drop'] as const) {
      document.documentElement.addEventListener(type, (event) => {
        event.preventDefault();
        events.push(type);
        if (type === 'drop') read(event.dataTransfer as DataTransfer).then(resolve, reject);
      });
    }
  });
  document.documentElement.style.height = '100%';
  Object.assign(window, { events, dropped: result });

  async function read({ items, files }: DataTransfer): Promise<unknown> {
    // 都须在 drop 事件之内同步取得, 过后 DataTransfer 就空了
    const handles = [...items].map((item) =>
      (
        item as unknown as { getAsFileSystemHandle(): Promise<{ kind: string; name: string }> }
      ).getAsFileSystemHandle(),
    );
    const roots = [...items].map((item) => item.webkitGetAsEntry());
    const list = [...files].filter((_, index) => roots[index]?.isFile);
    return {
      files: await Promise.all(list.map(describeFile)),
      entries: (await Promise.all(roots.map(namesInside))).flat(),
      handles: (await Promise.all(handles)).map(({ kind, name }) => `${kind} ${name}`),
    };
  }

  async function describeFile(file: File): Promise<unknown> {
    const tail = new Uint8Array(await file.slice(-4).arrayBuffer());
    return { name: file.name, size: file.size, tail: [...tail] };
  }

  function namesInside(entry: FileSystemEntry | null): Promise<string[]> {
    if (entry === null || !entry.isDirectory) return Promise.resolve([]);
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    return new Promise((resolve, reject) => {
      reader.readEntries((found) => resolve(found.map(({ fullPath }) => fullPath)), reject);
    });
  }
}
