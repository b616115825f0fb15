// Go 写的对照组: 用本机的 go 编译进 bench/dist/go/; 没有 Go 或编译不了就跳过, 说明一句
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

export type GoPeer = 'centrifuge' | 'tusd';

/** scripts/bench.mjs 总在项目根启动压测 */
const SOURCE = join(process.cwd(), 'bench/peers/go');
const OUTPUT = join(process.cwd(), 'bench/dist/go');
/** 首次编译要取回模块; 之后由 Go 自己的缓存回答 */
const BUILD_TIMEOUT_MS = 600_000;

const run = promisify(execFile);

/**
 * 返回可执行文件的路径; undefined 表示跳过, 原因已经打印。
 * 保证: 源文件, go.mod 与 go.sum 都不比编译结果新时不再编译, 也就不需要 Go。
 */
export async function buildGoPeer(name: GoPeer): Promise<string | undefined> {
  const program = join(OUTPUT, name);
  if (isFresh(program, [`${name}/main.go`, 'go.mod', 'go.sum'])) return program;
  mkdirSync(OUTPUT, { recursive: true });
  console.log(`正在编译对照组 ${name} (Go) ...`);
  try {
    // 不用 cgo: 没有 C 编译器的机器也能编; 路径不写进程序
    await run('go', ['build', '-trimpath', '-o', program, `./${name}`], {
      cwd: SOURCE,
      env: { ...process.env, CGO_ENABLED: '0' },
      timeout: BUILD_TIMEOUT_MS,
    });
    return program;
  } catch (error) {
    console.log(`跳过对照组 ${name}: ${reasonOf(error as NodeJS.ErrnoException & { stderr?: string })}`);
    return undefined;
  }
}

function isFresh(program: string, sources: readonly string[]): boolean {
  if (!existsSync(program)) return false;
  const builtMs = statSync(program).mtimeMs;
  return sources.every((source) => statSync(join(SOURCE, source)).mtimeMs <= builtMs);
}

function reasonOf(error: NodeJS.ErrnoException & { stderr?: string }): string {
  if (error.code === 'ENOENT') return '本机没有 Go';
  return `编译失败: ${error.stderr?.trim() || error.message}`;
}
