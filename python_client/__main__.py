"""python -m python_client: 先查 Python 的版本, 再引用别的模块; 这里与 preflight 只用 3.6 的语法。"""

import sys


def main() -> int:
    if not __package__:
        sys.stderr.write("请在含有 python_client 的文件夹里这样启动: python -m python_client\n")
        return 2
    from . import preflight

    problem = preflight.python_problem(tuple(sys.version_info[:3]))
    if problem:
        sys.stderr.write(problem + "\n")
        return 2
    # 旧的 Python 读不了其余的模块, 所以到这里才引用
    from . import cli

    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        # 刚启动, 还在引用模块: 没有要收拾的; 130 同 shell 的惯例
        sys.exit(130)
