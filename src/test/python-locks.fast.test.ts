// Python 的锁: 每个支持的 Python 一份, 连间接依赖都写准版本与散列, 与手写的清单一致
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listFiles, readSource } from './source-scan.js';

/** 锁里的一个 Python 包 */
interface Pin {
  readonly line: string;
  readonly name: string;
  readonly hashes: readonly string[];
}

const EXACT_PIP = /^[\w.-]+==\d[\w.]*(?: *;.*)?$/;
const LOCKS = 'python_client/locks';
// README 说的 3.8.8 到 3.14
const MINORS = ['3.8', '3.9', '3.10', '3.11', '3.12', '3.13', '3.14'];

/** requirements 文件的有效行; 反斜线续的并成一行 */
function requirementLines(file: string): string[] {
  const lines = readSource(file)
    .replace(/\\\n\s*/g, '')
    .split('\n');
  return lines.map((line) => line.replace(/(?:^| )#.*/, '').trim()).filter((line) => line !== '');
}

function pinsOf(file: string): Pin[] {
  return requirementLines(file).map((line) => {
    const [requirement = '', ...hashes] = line.split('--hash=').map((part) => part.trim());
    return { line: requirement, name: requirement.split('==')[0] ?? '', hashes };
  });
}

function unhashed(file: string): string[] {
  return pinsOf(file)
    .filter(({ line, hashes }) => {
      const hashed = hashes.length > 0 && hashes.every((hash) => /^sha256:[0-9a-f]{64}$/.test(hash));
      return !hashed || !EXACT_PIP.test(line);
    })
    .map(({ line }) => `${file}: ${line}`);
}

/** 手写的清单里要的每一个 (名字==版本), 连同它 -r 的那些 */
function wantedBy(file: string): string[] {
  return requirementLines(file).flatMap((line) => {
    if (line.startsWith('-r ../')) return wantedBy(`python_client/${line.slice('-r ../'.length)}`);
    return [(line.split(';')[0] ?? '').trim().toLowerCase()];
  });
}

describe('Python 的依赖', () => {
  const locks = [...listFiles(LOCKS, /\.txt$/), 'python_client/requirements.txt'];
  const inputs = listFiles('python_client', /\.in$/);

  it('没有别的清单, 每个支持的 Python 一份锁', () => {
    assert.deepEqual(
      listFiles('', /(?:requirements|constraints)[\w.-]*\.txt$|(?:^|\/)(?:setup\.(?:py|cfg)|Pipfile)$/),
      ['python_client/requirements.txt'],
    );
    const tests = MINORS.map((minor) => `${LOCKS}/test-${minor}.txt`);
    const expected = [...tests, `${LOCKS}/check.txt`, `${LOCKS}/uv.txt`, 'python_client/requirements.txt'];
    assert.deepEqual([...locks].sort(), expected.sort());
  });

  it('手写的清单写准版本, 锁里每个包有 SHA-256, 没有仓库的地址与别的来源', () => {
    for (const file of inputs) {
      const own = requirementLines(file).filter((line) => !line.startsWith('-r ../'));
      assert.deepEqual(
        own.filter((line) => !EXACT_PIP.test(line)),
        [],
        file,
      );
    }
    for (const file of locks) {
      assert.ok(pinsOf(file).length > 0, file);
      assert.deepEqual(unhashed(file), []);
    }
  });

  it('锁与手写的清单一致: 要的每一个都在它该在的锁里, 版本相同 (不一致: npm run locks)', () => {
    const owners: [string, string[]][] = [
      ['python_client/requirements.in', ['python_client/requirements.txt']],
      [`${LOCKS}/test.in`, MINORS.map((minor) => `${LOCKS}/test-${minor}.txt`)],
      [`${LOCKS}/check.in`, [`${LOCKS}/check.txt`]],
      [`${LOCKS}/uv.in`, [`${LOCKS}/uv.txt`]],
    ];
    assert.deepEqual(owners.map(([input]) => input).sort(), [...inputs].sort());
    for (const [input, files] of owners) {
      const wanted = wantedBy(input);
      const locked = files.flatMap((file) =>
        pinsOf(file).map(({ line }) => (line.split(';')[0] ?? '').trim()),
      );
      for (const pin of wanted) assert.ok(locked.includes(pin), `${input}: ${pin}`);
      for (const file of files) {
        const names = new Set(wanted.map((pin) => pin.split('==')[0]));
        const direct = pinsOf(file).filter(({ name }) => names.has(name));
        assert.equal(new Set(direct.map(({ name }) => name)).size, names.size, file);
        for (const { line } of direct) assert.ok(wanted.includes((line.split(';')[0] ?? '').trim()), line);
      }
    }
  });

  it('用户的锁里的版本, 测试也是用它们测的', () => {
    const tested = new Set(
      MINORS.flatMap((minor) => pinsOf(`${LOCKS}/test-${minor}.txt`).map(({ line }) => line.split(' ')[0])),
    );
    for (const { line } of pinsOf('python_client/requirements.txt')) {
      assert.ok(tested.has(line.split(' ')[0]), line);
    }
  });
});
