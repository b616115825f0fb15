// 初审: 一个字节都还没动时收不收, 走哪条路
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readSource } from '../../../src/test/source-scan.js';
import { assertLinear } from '../../../src/test/steps.js';
import { fitsOneFrame, lastExtension, refusal } from '../../src/net/upload/admission.js';

const MIB = 1024 * 1024;
const limits = {
  fileBytes: 10 * MIB,
  frameBytes: 16 * MIB,
  chunkBytes: 262_144,
  windowBytes: 4 * MIB,
  textBytes: 16_384,
  nameLength: 32,
  messagesPerSecond: 20,
  messagesBurst: 40,
};
const rules = { limits, blockedExtensions: ['exe', 'bat'] };

describe('上传的初审', () => {
  it('上限那么大的收, 多一个字节的不收', () => {
    assert.equal(refusal({ name: '片.mkv', size: 10 * MIB }, rules), undefined);
    assert.equal(refusal({ name: '片.mkv', size: 10 * MIB + 1 }, rules), 'file_too_large');
  });

  it('扩展名与服务器同样看: 大小写, 结尾的点与空格, NTFS 数据流, 路径', () => {
    const disguises = [
      'a.exe',
      'A.EXE',
      'a.exe.',
      'a.exe. . ',
      'a.exe::$DATA',
      'C:\\x\\a.Exe',
      '报告.pdf.exe',
    ];
    for (const name of disguises) {
      assert.equal(refusal({ name, size: 1 }, rules), 'file_type_forbidden', name);
    }
    for (const name of ['a.exe.txt', 'exe', 'a.exe/b', '报告.pdf', '.bat文件', '']) {
      assert.equal(refusal({ name, size: 1 }, rules), undefined, name);
    }
  });

  it('与服务器和桌面客户端同样看: 共用的向量', () => {
    const { names } = JSON.parse(readSource('src/test/vectors/file-names.json')) as {
      names: { raw: string; extension: string | null }[];
    };
    assert.ok(names.length > 50);
    for (const { raw, extension } of names) {
      if (extension !== null) assert.equal(lastExtension(raw), extension, JSON.stringify(raw));
    }
  });

  it('很长的一串点不会卡住页面', () => {
    const work = (size: number): void => {
      assert.equal(lastExtension(`a.exe${'.'.repeat(size)}`), 'exe');
    };
    assertLinear(work, { size: 10_000, huge: 1_000_000 });
  });

  it('256 KiB 以内走一帧; 帧的上限更小时以它的四分之三为准', () => {
    assert.equal(fitsOneFrame(262_144, limits), true);
    assert.equal(fitsOneFrame(262_145, limits), false);
    assert.equal(fitsOneFrame(3000, { ...limits, frameBytes: 4000 }), true);
    assert.equal(fitsOneFrame(3001, { ...limits, frameBytes: 4000 }), false);
  });
});
