"""What a vLLM runtime may say in models.yaml, what becomes of it, and what is refused with what to write instead."""

import pytest

from venom_modeld.config.desired_file import ConfigError, parse_models
from venom_modeld.core.desired import ModelSpec, Update
from venom_modeld.core.names import InvalidName, Provider
from venom_modeld.runtimes.registry import kinds
from venom_modeld.runtimes.vllm.kind import Control, Strategy, parse_alias, parse_name
from venom_modeld.runtimes.vllm.options import read_options
from venom_modeld.runtimes.vllm.wishes import adapters_of, arguments_of, files_of, revision_of

SHA = "0123456789abcdef0123456789abcdef01234567"
HEAD = "version: 1\nruntimes:\n  gpu:\n    kind: vllm\n    prune: managed\n"


def read(keys: str) -> tuple[ModelSpec, ...]:
    """Return the models of a file."""
    return parse_models((HEAD + keys).encode(), path="models.yaml", kinds=kinds()).runtimes[0].models


def entry(text: str) -> ModelSpec:
    """Return the model of an entry."""
    (spec,) = read(f"    models:\n      - {text}\n")
    return spec


def faults(keys: str) -> list[str]:
    """Return what is wrong with a file, without its places."""
    with pytest.raises(ConfigError) as caught:
        read(keys)
    return [problem.message for problem in caught.value.problems]


def test_the_least_runtime_is_a_process_at_the_usual_port() -> None:
    """The daemon starts `vllm` itself, and waits as long as a large model takes."""
    (spec,) = parse_models(HEAD.encode(), path="models.yaml", kinds=kinds()).runtimes
    options = read_options(spec)
    assert (options.host, options.port, options.control, options.command) == (
        "127.0.0.1",
        8000,
        Control.PROCESS,
        ("vllm",),
    )
    assert (options.start_timeout, options.shutdown_timeout, options.strategy) == (900.0, 30.0, Strategy.REPLACE)
    assert (options.cache, options.endpoint, options.token_file, options.api_key_file) == (None, None, None, None)


def test_every_key_of_a_server_arrives() -> None:
    """What is written is what the driver gets, with times in seconds."""
    text = (
        HEAD
        + "    url: https://box:8443\n    cache: /srv/hub\n    endpoint: https://mirror/\n    token_file: /etc/token\n"
        + "    server: {control: systemd, unit: vllm.service, environment_file: /etc/vllm.env, command: [uvx, vllm],\n"
        + "      args: {seed: 1}, env: {A: b}, api_key_file: /etc/key, start_timeout: 1h, shutdown_timeout: 500ms}\n"
    )
    (spec,) = parse_models(text.encode(), path="models.yaml", kinds=kinds()).runtimes
    options = read_options(spec)
    assert (options.host, options.port, options.unit) == ("box", 8443, "vllm.service")
    assert str(options.environment_file) == "/etc/vllm.env"
    assert (options.command, options.arguments, options.variables) == (("uvx", "vllm"), {"seed": 1}, {"A": "b"})
    assert (options.start_timeout, options.shutdown_timeout) == (3600.0, 0.5)
    assert (str(options.cache), options.endpoint, str(options.token_file)) == (
        "/srv/hub",
        "https://mirror",
        "/etc/token",
    )
    assert str(options.api_key_file) == "/etc/key"


def test_a_server_without_a_port_has_that_of_its_scheme() -> None:
    """As clients of it take it."""
    for url, port in (("http://box", 80), ("https://box", 443)):
        text = HEAD + f"    url: {url}\n"
        (spec,) = parse_models(text.encode(), path="models.yaml", kinds=kinds()).runtimes
        assert read_options(spec).port == port


def test_a_name_alone_is_the_main_branch_with_the_usual_files() -> None:
    """Nothing is asked for beside the name."""
    spec = entry("Qwen/Qwen3-0.6B")
    assert (spec.name.text, spec.name.provider) == ("Qwen/Qwen3-0.6B", Provider.HUGGINGFACE)
    assert (spec.pin, spec.definition, spec.serving, spec.adapters) == (None, "", "", ())
    assert (revision_of(spec), files_of(spec), arguments_of(spec), adapters_of(spec)) == ("main", (), {}, ())
    assert entry("{name: Qwen/Qwen3-0.6B, revision: main, files: [], args: {}}") == spec


def test_a_branch_is_part_of_what_is_installed_and_a_commit_is_a_pin() -> None:
    """Both make another installation, and arguments do not."""
    branch, commit = entry("{name: a/b, revision: v2, update: always}"), entry(f"{{name: a/b, revision: {SHA}}}")
    assert (revision_of(branch), branch.pin, branch.update) == ("v2", None, Update.ALWAYS)
    assert (revision_of(commit), commit.pin) == (SHA, SHA)
    plain, served = entry("a/b"), entry("{name: a/b, args: {max-model-len: 512}}")
    assert plain.fingerprint == served.fingerprint
    assert len({plain.fingerprint, branch.fingerprint, commit.fingerprint}) == 3
    assert arguments_of(served) == {"max-model-len": 512}


def test_patterns_of_files_are_a_set() -> None:
    """Their order means nothing."""
    one, other = (entry(f"{{name: a/b, files: [{text}]}}") for text in ('"*.json", "*.bin"', '"*.bin", "*.json"'))
    assert one == other
    assert files_of(one) == ("*.bin", "*.json")


def test_adapters_from_the_hub_are_models_of_their_own() -> None:
    """They follow their branch when their model does; one in a folder is nobody's model."""
    spec = entry(
        "{name: a/b, update: always, adapters: [{name: x, repo: a/lora, revision: v1}, {name: y, path: /lora},"
        f" {{name: z, repo: a/pinned, revision: {SHA}}}]}}"
    )
    lora, pinned = spec.adapters
    assert (lora.name.text, revision_of(lora), lora.update, lora.needed_by) == (
        "a/lora",
        "v1",
        Update.ALWAYS,
        spec.name,
    )
    assert (pinned.pin, pinned.update) == (SHA, Update.NEVER)
    assert adapters_of(spec) == (
        {"name": "x", "repo": "a/lora"},
        {"name": "y", "path": "/lora"},
        {"name": "z", "repo": "a/pinned"},
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("qwen3", "is no repository of Hugging Face, as vLLM serves them; write OWNER/REPOSITORY, such as"),
        ("qwen3:0.6b", "models of Ollama's library belong under a runtime of kind ollama"),
        ("a/b:v2", "'a/b:v2' has a tag, and repositories have none; write 'a/b' and `revision: v2`"),
        ("a/b: c", "'a/b: c' has a tag, and repositories have none; write 'a/b'"),
        ("a/b-GGUF", "'a/b-GGUF' holds GGUF files, which are for Ollama: write hf.co/a/b-GGUF under a runtime of kind"),
        ("hf.co/a/b", "write the repository alone: 'a/b'"),
        ("a/b/c", "write OWNER/REPOSITORY"),
    ],
)  # fmt: skip
def test_what_vllm_does_not_serve_is_refused(text: str, words: str) -> None:
    """The message says where it belongs, or how it is written here."""
    with pytest.raises(InvalidName) as caught:
        parse_name(text)
    assert words in str(caught.value)


def test_an_alias_is_a_word_of_ones_own() -> None:
    """It need not look like a repository."""
    assert parse_alias("default").key == "default"
    for text in ("two words", "", "-x", "x" * 97):
        with pytest.raises(InvalidName, match="is no alias; write up to 96 letters"):
            parse_alias(text)
    assert faults("    alias: two words\n") == [
        "'two words' is no alias; write up to 96 letters, digits, '-', '_', '.', ':' and '/'"
    ]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("control: systemd", "`control: systemd` restarts a unit; add `unit: vllm.service`, or what it is called"),
        ("unit: x.service", "`unit` belongs to `control: systemd`; write that, or leave it out"),
        ("control: systemd, unit: x", "'x' is no unit; write its whole name, such as vllm.service"),
        ("environment_file: /x", "`environment_file` belongs to `control: systemd`; write that, or leave it out"),
        ("control: other", "`control` is 'other'; write process, systemd or external"),
        ("control: external, strategy: surge", "only a server that the daemon starts can be started beside another;"),
        ("command: ''", "`command` is empty; write the name or the path of the vllm command"),
        ("command: []", "`command` is empty; write the name or the path of the vllm command"),
        ("args: {--port: 1}", "the daemon gives vLLM '--port' itself; it is that of `url`"),
        ("args: {max_model_len: 1}", "'max_model_len' is no argument; write 'max-model-len', without leading dashes"),
        ("args: {lora-modules: x}", "the daemon gives vLLM '--lora-modules' itself; write `adapters` in the model"),
        (
            "env: {HF_TOKEN: x}",
            "the daemon sets HF_TOKEN itself; a server needs none; for downloads write",
        ),
        ("env: {a b: x}", "'a b' is no name of a variable; write letters, digits and '_'"),
        ('env: {A: "x\\ny"}', "the value of A has more than one line; write one"),
        ("start_timeout: 15", "the number 15 has no unit; write 15s for seconds"),
        ("api_key_file: key", "'key' is no absolute path; write one that begins with /"),
    ],
)
def test_servers_that_cannot_be_are_refused(keys: str, message: str) -> None:
    """Each with what to write instead."""
    (found,) = faults(f"    server: {{{keys}}}\n")
    assert found.startswith(message)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("revision: a b", "'a b' is no revision; write a branch, a tag or a commit of 40 hexadecimal digits"),
        (f"revision: {SHA}, update: always", "`update: always` follows a branch, and a commit never moves;"),
        ("files: [/etc/x]", "'/etc/x' is no pattern of files in a repository, such as *.safetensors"),
        ("files: [../x]", "'../x' is no pattern of files in a repository, such as *.safetensors"),
        ("preload: true", "there is no key 'preload' here; the keys here are: adapters, args, files, keep, name"),
        ("digest: x", "there is no key 'digest' here;"),
        ("adapters: [{name: x}]", "the adapter 'x' needs either `repo` or `path`; write one of them"),
        ("adapters: [{name: x, repo: a/b, path: /p}]", "the adapter 'x' needs either `repo` or `path`;"),
        ("adapters: [{name: a b, path: /p}]", "'a b' is no alias; write up to 96 letters"),
        ("adapters: [{name: x, repo: nope}]", "'nope' is no repository of Hugging Face"),
        ("adapters: [{name: x, path: p}]", "'p' is no absolute path;"),
        ("adapters: [{name: x, path: /p}, {name: x, path: /q}]", "two adapters are called 'x'; give each a name"),
        ("adapters: [{name: x, path: /p, rank: 3}]", "there is no key 'rank' here; the keys here are: name, path,"),
    ],
)  # fmt: skip
def test_models_that_cannot_be_are_refused(keys: str, message: str) -> None:
    """Each with what to write instead."""
    (found,) = faults(f"    models: [{{name: a/b, {keys}}}]\n")
    assert found.startswith(message)


@pytest.mark.parametrize("keys", ["endpoint: hf-mirror", "endpoint: 'ftp://x'", "endpoint: 'https://u@x'"])
def test_an_endpoint_is_an_address(keys: str) -> None:
    """Without a user in it, which would reach logs."""
    (found,) = faults(f"    {keys}\n")
    assert "is no address of a Hub; write its scheme and host" in found
