#!/usr/bin/env python3
"""docker where no engine runs: as much of it as the deployment guide uses. What an image would hold is a folder that the
test made (STAND_IN_ROOT, with STAND_IN_DATA for the volume); how it runs is read from the last stage of the Containerfile,
and how it is confined from the options that are given."""
import json, os, re, shutil, subprocess, sys

STATE, ROOT, DATA = (os.environ[f'STAND_IN_{name}'] for name in ('STATE', 'ROOT', 'DATA'))
ENTER = '''set -e
mount --bind "$1" "$1"
mount --bind "$2" "$1$3"
mount -t proc proc "$1/proc"
[ "$4" = rw ] || mount -o remount,ro,bind "$1"
shift 4
exec "$@"'''


def stage(path):
    text = re.sub(r'\\\n\s*', ' ', re.sub(r'(?m)^#.*\n', '', open(path).read())).rpartition('\nFROM ')[2]
    found = {}
    for name, value in re.findall(r'(?m)^([A-Z]+)\s+(.+)$', text):
        found.setdefault(name, []).append(value)
    return found


def build(arguments):
    assert arguments[0] == '-f' and arguments[2] == '-t' and arguments[4:] == ['.'], arguments
    found = stage(arguments[1])
    image = {
        'environment': dict(pair.split('=', 1) for pair in ' '.join(found['ENV']).split()),
        'workdir': found['WORKDIR'][-1], 'user': found['USER'][-1].split(':'), 'volume': found['VOLUME'][-1],
        'command': json.loads(found['ENTRYPOINT'][-1]) + json.loads(found['CMD'][-1]), 'port': found['EXPOSE'][-1],
    }
    json.dump(image, open(f'{STATE}/image-{arguments[3]}', 'w'))


def run(arguments):
    values, switches = {}, set()
    while arguments[0].startswith('-'):
        option = arguments.pop(0)
        if option in ('-d', '--read-only'):
            switches.add(option)
        elif option in ('--name', '-p', '-v', '--env-file', '--cap-drop', '--security-opt'):
            values[option] = arguments.pop(0)
        else:
            sys.exit(f'docker run has no {option}')
    image = json.load(open(f'{STATE}/image-{arguments[0]}'))
    address, outside, inside = values['-p'].split(':')
    # Without a network of its own nothing is mapped.
    assert (address, outside, inside) == ('127.0.0.1', image['port'], image['port']), values['-p']
    assert values['-v'].split(':')[1] == image['volume'] and '-d' in switches
    lines = open(values['--env-file']).read().splitlines()
    environment = {**image['environment'], **dict(line.split('=', 1) for line in lines)}
    user, group = image['user']
    become = ['unshare', f'--root={ROOT}', f'--wd={image["workdir"]}', f'--setgid={group}', f'--setuid={user}']
    confine = ['--no-new-privs'] if values.get('--security-opt') == 'no-new-privileges' else []
    mode = 'ro' if '--read-only' in switches else 'rw'
    entered = ['sh', '-c', ENTER, 'sh', ROOT, DATA, image['volume'], mode, 'setpriv', *confine, *become]
    log = open(f'{STATE}/container.log', 'ab')
    child = subprocess.Popen(['unshare', '--mount', '--pid', '--fork', '--kill-child', *entered, *image['command']],
                             env={**environment, 'PATH': os.environ['PATH']}, stdout=log, stderr=log,
                             stdin=subprocess.DEVNULL, start_new_session=True)
    state = {'pid': child.pid, 'environment': environment, **image}
    json.dump(state, open(f'{STATE}/container-{values["--name"]}', 'w'))
    print(f'{child.pid:064x}')


def container(name):
    state = json.load(open(f'{STATE}/container-{name}'))
    children = open(f'/proc/{state["pid"]}/task/{state["pid"]}/children').read().split()
    return state, children[0] if children else sys.exit(f'container {name} is not running')


def execute(arguments):
    state, pid = container(arguments[0])
    user, group = state['user']
    enter = ['nsenter', f'--target={pid}', '--mount', '--pid', '--root', f'--wdns={state["workdir"]}',
             f'--setgid={group}', f'--setuid={user}']
    environment = {**state['environment'], 'PATH': '/bin:' + os.environ['PATH']}
    sys.exit(subprocess.run([*enter, *arguments[1:]], env=environment).returncode)


def copy(arguments):
    name, path = arguments[0].split(':', 1)
    pid = container(name)[1]
    shutil.copy2(f'/proc/{pid}/root{path}', arguments[1])


command, arguments = sys.argv[1], sys.argv[2:]
{'build': build, 'run': run, 'exec': execute, 'cp': copy}[command](arguments)
