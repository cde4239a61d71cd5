"""Holds the source to its size and its manners: functions, classes, comments, clocks, and what only tests may include.

Each rule is itself tested, by a planted tree that breaks it.
"""

import collections
import pathlib
import re

import pytest

from layers_test import INCLUDE, PURE, ROOT, plant, sources

FUNCTION_LINES_MAX = 70
CLASS_LINES_MAX = 600
# Too large when the rule came: they may shrink, and not grow (docs/adr/0025-rooms-of-app.md).
LARGE_CLASSES = {"Session": 1386, "Pool": 855, "Server": 620}
CLOCK = re.compile(r"(?:system|steady|high_resolution)_clock::now|random_device|\bclock_gettime\b|\bgetrandom\b|\bstd::rand\b")
COMMENT = re.compile(r"//(.*)")
NAMED_FILE = re.compile(r"(?<![\w*{/.-])((?:[\w-]+/)*[\w-]+\.(?:cpp|hpp|py|md|cmake))\b")
# Not a function, though it ends in a brace.
OTHER_BLOCK = re.compile(
    r"^\s*(?:(?:inline |static |constexpr |const |export )*"
    r"(?:namespace|class|struct|enum|union|extern|if|else|for|while|do|switch|case|try|catch|return)\b|\}|\[)"
)
MEMBER = re.compile(r"^(?:[\w:<>,*&\s\[\]]*?[\s&*])?((?:\w+::)*)(\w+)::~?(?:operator\b.*|\w+)\(")
CLASS = re.compile(r"^\s*(?:class|struct) (?:\[\[\w+\]\] )?((?:\w+::)*\w+)(?: final)?(?:\s*:[^;]*)?(?:\{|$)")


def code_lines(path):
    return path.read_text().split("\n")


def is_test(path):
    return path.stem.endswith("_test") or "testing" in path.parts


def blocks(lines):
    """(first line, last line, indentation) of each block in braces, as clang-format lays it out. A head of several lines
    begins where its indentation is again that of the closing brace."""
    found = []
    for last, line in enumerate(lines):
        close = re.match(r"^( *)\}", line)
        if not close:
            continue
        indent = close[1]
        first = last - 1
        while first >= 0 and not (lines[first].startswith(indent) and re.match(r"^\S", lines[first][len(indent):])
                                  and not lines[first][len(indent):].startswith(("//", "#", "public:", "private:", "protected:"))):
            first -= 1
        if first >= 0:
            found.append((first, last, indent))
    return found


def head_of(lines, first, indent):
    """The text before the block's opening brace, of which there is one."""
    head = lines[first]
    number = first
    while not head.rstrip().endswith("{") and number + 1 < len(lines) and lines[number + 1].startswith(indent + " "):
        number += 1
        head += " " + lines[number].strip()
        if number - first > 12:
            break
    return head


def functions(path):
    """(name, lines) of each that is defined in this file."""
    lines = code_lines(path)
    for first, last, indent in blocks(lines):
        head = head_of(lines, first, indent)
        if "(" in head and not OTHER_BLOCK.match(head) and not re.match(r"^[^()]*=", head):
            yield head.split("(")[0].split()[-1], last - first + 1


def long_functions(tree):
    return [
        f"{path.relative_to(tree)}: {name}() has {count} lines"
        for path in sources(tree) if not is_test(path)
        for name, count in functions(path) if count > FUNCTION_LINES_MAX
    ]  # fmt: skip


def class_sizes(tree):
    """Lines of each class: its own, and those of its members that are defined outside, in whatever file."""
    sizes = collections.Counter()
    for path in sources(tree):
        if is_test(path):
            continue
        lines = code_lines(path)
        for first, last, indent in blocks(lines):
            head = lines[first]
            own = CLASS.match(head)
            member = MEMBER.match(head_of(lines, first, indent)) if not indent else None
            if own and "{" in head_of(lines, first, indent):
                sizes[own[1].split("::")[-1]] += last - first + 1
            elif member:
                sizes[member[2]] += last - first + 1
    return sizes


def large_classes(tree, allowed=None):
    allowed = LARGE_CLASSES if allowed is None else allowed
    return [f"{name} has {size} lines" for name, size in class_sizes(tree).items() if size > allowed.get(name, CLASS_LINES_MAX)]


def clocks_in_pure_folders(tree):
    return [
        f"{path.relative_to(tree)}:{number}: {found[0]}"
        for path in sources(tree) if path.relative_to(tree / "src").parts[0] in PURE and not is_test(path)
        for number, line in enumerate(code_lines(path), 1) if (found := CLOCK.search(line.split("//")[0]))
    ]  # fmt: skip


def helpers_in_the_product(tree):
    """Helpers of tests are in a folder `testing`, and nothing of the product includes them."""
    return [
        f"{path.relative_to(tree)}: {included}"
        for path in sources(tree) if not is_test(path)
        for included in INCLUDE.findall(path.read_text()) if "/testing/" in included
    ]  # fmt: skip


def helpers_among_the_product(tree):
    """Headers that only tests include, and that are in no folder `testing`."""
    including = [*sources(tree), *(tree / "tests").rglob("*.?pp"), *(tree / "bench").rglob("*.?pp")]
    users = collections.defaultdict(list)
    for path in including:
        for included in INCLUDE.findall(path.read_text()):
            users[included].append(path)
    headers = [path.relative_to(tree / "src").as_posix() for path in sources(tree) if path.suffix == ".hpp" and not is_test(path)]
    mine = {name: [path for path in users[name] if not is_test(path) and path.relative_to(tree).parts[0] == "src"] for name in headers}
    return [name for name in headers if users[name] and not mine[name]]


# "Who comes late hears so." is a riddle to a stranger, until the verb comes.
BARE_CLAUSE = re.compile(r"//+ (?:Who|What|Where|Whoever|Whatever|Whom|Whose|Which|Likewise|Of|That)\b")


def comments_without_a_subject(tree):
    """Comments that open with a relative clause, where a sentence has its subject."""
    return [
        f"{path.relative_to(tree)}:{number}: {line.strip()}"
        for path in sources(tree)
        for number, line in enumerate(code_lines(path), 1) if BARE_CLAUSE.search(line)
    ]  # fmt: skip


BOUND = re.compile(r"constexpr\s+[\w:<> ]+?\s(\w+_max)\b")
# Bounds that no test reaches, and why.
UNTESTED_BOUNDS = {
    "patience_max": "a name server that is silent for five seconds",
    "file_octets_max": "a register of 2 GiB",
    "kept_acts_max": "200,000 acts on disk",
    "leave_time_max": "a store process that cannot write for a second: the kernel's, or a disk's",
    "end_time_max": "a store process that does not end in ten seconds",
    "change_time_max": "workers that take a minute to start, or a disk that takes ten seconds to commit",
}


def bounds_without_a_test(tree, untested=None):
    """Constants called …_max that no test names, in code or in a comment: each is to be tested at the limit and one beyond."""
    untested = UNTESTED_BOUNDS if untested is None else untested
    tests = [*(path for path in sources(tree) if is_test(path)), *(tree / "tests").rglob("*.cpp"), *(tree / "tests").rglob("test_*.py")]
    named = set(re.findall(r"\w+_max\b", "\n".join(path.read_text() for path in tests)))
    return sorted(
        f"{path.relative_to(tree)}: {bound}"
        for path in sources(tree) if not is_test(path)
        for bound in BOUND.findall(path.read_text()) if bound not in named and bound not in untested
    )  # fmt: skip


def known_files(tree):
    """Names by which a comment may call a file: its own, or with folders before it."""
    known = set()
    for path in tree.rglob("*"):
        parts = path.relative_to(tree).parts
        if parts[0] not in ("build", ".git") and path.is_file():
            known.update("/".join(parts[start:]) for start in range(len(parts)))
    return known


def files_that_are_not_there(tree):
    known = known_files(tree)
    return [
        f"{path.relative_to(tree)}:{number}: {name}"
        for path in sources(tree)
        for number, line in enumerate(code_lines(path), 1)
        for comment in COMMENT.findall(line)
        for name in NAMED_FILE.findall(comment) if name not in known
    ]  # fmt: skip


def test_no_function_is_too_long():
    assert long_functions(ROOT) == []


def test_no_class_is_too_large():
    assert large_classes(ROOT) == []


def test_the_allowance_of_a_large_class_is_what_it_needs():
    sizes = class_sizes(ROOT)
    assert {name: allowed for name, allowed in LARGE_CLASSES.items() if sizes[name] < allowed - 10} == {}, "it has shrunk: lower it"


def test_pure_folders_know_no_clock():
    assert clocks_in_pure_folders(ROOT) == []


def test_the_product_includes_no_helper_of_tests():
    assert helpers_in_the_product(ROOT) == []


def test_helpers_of_tests_lie_apart():
    assert helpers_among_the_product(ROOT) == []


def test_comments_open_with_a_subject():
    assert comments_without_a_subject(ROOT) == []


def test_each_bound_is_named_by_a_test():
    assert bounds_without_a_test(ROOT) == []


def test_no_bound_is_excused_for_nothing():
    assert set(UNTESTED_BOUNDS) == {fault.split(": ")[1] for fault in bounds_without_a_test(ROOT, {})}


def test_comments_name_files_that_exist():
    assert files_that_are_not_there(ROOT) == []


# ---- the rules are tested -------------------------------------------------------------------------------------


def body(lines, indent="    "):
    return "".join(f"{indent}call({n});\n" for n in range(lines))


@pytest.mark.parametrize(
    "text",
    [
        f"int take() {{\n{body(FUNCTION_LINES_MAX - 1)}}}\n",
        f"int Pool::take(int first,\n               int second) const {{\n{body(FUNCTION_LINES_MAX - 2)}}}\n",
        f"Pool::Pool(int first)\n    : first_(first) {{\n{body(FUNCTION_LINES_MAX - 2)}}}\n",
    ],
)
def test_a_long_function_is_noticed(tmp_path, text):
    plant(tmp_path, {"relay/long.cpp": text})
    assert len(long_functions(tmp_path)) == 1
    plant(tmp_path, {"relay/long.cpp": text.replace("    call(0);\n", "")})
    assert long_functions(tmp_path) == []


def test_a_long_function_within_a_class_is_noticed(tmp_path):
    inner = body(FUNCTION_LINES_MAX - 1, "        ")
    text = f"class Pool {{\n    int take() {{\n{inner}    }}\n}};\n"
    plant(tmp_path, {"relay/long.hpp": text})
    assert [fault.split(": ")[1] for fault in long_functions(tmp_path)] == ["take() has 71 lines"]


def test_tables_and_tests_are_no_functions(tmp_path):
    plant(tmp_path, {"base/table.cpp": f"constexpr Row rows[] = {{\n{body(100)}}};\n", "base/x_test.cpp": f"TEST(A, B) {{\n{body(100)}}}\n"})
    assert long_functions(tmp_path) == []


def test_a_class_in_several_files_is_added_up(tmp_path):
    plant(tmp_path, {
        "relay/pool.hpp": "class Pool final : public Base {\n    int a();\n};\n",
        "relay/pool.cpp": f"int Pool::a() {{\n{body(60)}}}\n",
        "relay/pool_more.cpp": f"std::optional<int> Pool::b(int x) const {{\n{body(60)}}}\nPool::~Pool() {{\n{body(60)}}}\n",
    })  # fmt: skip
    assert class_sizes(tmp_path)["Pool"] == 3 + 3 * 62
    assert large_classes(tmp_path, {"Pool": 100}) == ["Pool has 189 lines"]
    assert large_classes(tmp_path, {"Pool": 189}) == []


def test_a_clock_in_a_pure_folder_is_noticed(tmp_path):
    plant(tmp_path, {"smtp/a.cpp": "auto t = std::chrono::steady_clock::now();\n", "net/b.cpp": "auto t = system_clock::now();\n",
                     "policy/c_test.cpp": "std::random_device d;\n", "base/d.hpp": "// no steady_clock::now here\n"})  # fmt: skip
    assert clocks_in_pure_folders(tmp_path) == ["src/smtp/a.cpp:1: steady_clock::now"]


def test_a_helper_of_tests_in_the_product_is_noticed(tmp_path):
    include = '#include "net/testing/port.hpp"\n'
    plant(tmp_path, {"net/testing/port.hpp": "", "net/a_test.cpp": include, "net/testing/b.hpp": include, "net/c.cpp": include})
    assert helpers_in_the_product(tmp_path) == ["src/net/c.cpp: net/testing/port.hpp"]


def test_a_helper_of_tests_among_the_product_is_noticed(tmp_path):
    plant(tmp_path, {"net/script.hpp": "", "net/loop.hpp": "", "net/testing/port.hpp": "", "net/loop.cpp": '#include "net/loop.hpp"\n',
                     "net/a_test.cpp": '#include "net/script.hpp"\n#include "net/loop.hpp"\n#include "net/testing/port.hpp"\n'})  # fmt: skip
    assert helpers_among_the_product(tmp_path) == ["net/script.hpp"]


def test_a_comment_without_a_subject_is_noticed(tmp_path):
    plant(tmp_path, {"net/a.cpp": "// Who comes late hears so.\n// A client that comes late hears so. Whoever\nint x;  /// What is left.\n"})
    assert [fault.split(": ")[0] for fault in comments_without_a_subject(tmp_path)] == ["src/net/a.cpp:1", "src/net/a.cpp:3"]


def test_a_bound_without_a_test_is_noticed(tmp_path):
    code = "constexpr std::size_t lines_max = 7;\nstatic constexpr Millis wait_max{5};\nconstexpr int depth_max = 1;\n"
    plant(tmp_path, {"net/a.cpp": code, "net/a_test.cpp": "EXPECT_EQ(f(7), 1);  // lines_max\n"})
    assert bounds_without_a_test(tmp_path, {"depth_max": "why"}) == ["src/net/a.cpp: wait_max"]


def test_a_comment_about_a_file_that_is_not_there_is_noticed(tmp_path):
    plant(tmp_path, {"net/a.cpp": "int x;  // see net/a.cpp, a.cpp and gone.hpp, and net/gone.cpp\n// *_test.cpp, x_test.cpp\n"})
    assert files_that_are_not_there(tmp_path) == ["src/net/a.cpp:1: gone.hpp", "src/net/a.cpp:1: net/gone.cpp", "src/net/a.cpp:2: x_test.cpp"]
