#!/usr/bin/env python3
"""sudo, systemctl and systemd-run where no systemd runs: as much of them as the deployment guide uses. Called by those
names; runs what a unit or a command line says, as the user it says, with the environment it says."""
import os, pwd, re, signal, socket, subprocess, sys, time

STATE = os.environ['STAND_IN_STATE']
PROXIES = {'nginx': ['nginx'], 'caddy': ['caddy', 'start', '--config', '/etc/caddy/Caddyfile']}
UNIT = '/etc/systemd/system/authgate.service'


def environment_file(path):
    lines = open(path).read().splitlines()
    return dict(line.split('=', 1) for line in lines if line and not line.startswith('#'))


def start(command, properties, extra, **options):
    entry = pwd.getpwnam(properties['User'])
    directory = properties['WorkingDirectory']
    if 'StateDirectory' in properties:
        os.makedirs(f"/var/lib/{properties['StateDirectory']}", mode=0o700, exist_ok=True)
        os.chown(f"/var/lib/{properties['StateDirectory']}", entry.pw_uid, entry.pw_gid)
    environment = {**environment_file(properties['EnvironmentFile']), **extra, 'PATH': '/usr/bin:/bin'}
    become = ['setpriv', f'--reuid={entry.pw_uid}', f'--regid={entry.pw_gid}', '--clear-groups', '--']
    return subprocess.Popen([*become, *command], cwd=directory, env=environment, **options)


def read_unit():
    lines = [line for line in open(UNIT).read().splitlines() if re.match(r'\w+=', line)]
    return dict(line.split('=', 1) for line in lines)


def start_service():
    unit = read_unit()
    assert unit['Type'] == 'notify'
    ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    name = f'authgate-stand-in-{os.getpid()}'
    ready.bind('\0' + name)
    ready.settimeout(20)
    log = open(f'{STATE}/log', 'ab')
    service = start(unit['ExecStart'].split(), unit, {'NOTIFY_SOCKET': '@' + name}, stdout=log, stderr=log,
                    stdin=subprocess.DEVNULL, start_new_session=True)
    assert ready.recv(4096).startswith(b'READY=1')
    open(f'{STATE}/pid', 'w').write(str(service.pid))


def stop_service():
    pid = int(open(f'{STATE}/pid').read())
    os.kill(pid, signal.SIGTERM)
    for _ in range(400):
        if not os.path.exists(f'/proc/{pid}') or open(f'/proc/{pid}/stat').read().split()[2] == 'Z':
            return
        time.sleep(0.05)
    sys.exit('the service does not end')


def systemctl(arguments):
    if arguments == ['daemon-reload']:
        return
    if arguments in (['enable', '--now', 'authgate'], ['start', 'authgate']):
        start_service()
    elif arguments == ['stop', 'authgate']:
        stop_service()
    elif arguments == ['restart', 'authgate']:
        stop_service()
        start_service()
    elif arguments[0] == 'reload' and arguments[1] in PROXIES:
        # Nobody started it before.
        sys.exit(subprocess.run(PROXIES[arguments[1]]).returncode)
    else:
        sys.exit(f'systemctl cannot {arguments}')


def systemd_run(arguments):
    properties = {}
    while arguments[0].startswith('-'):
        option = arguments.pop(0)
        if option == '-p':
            name, value = arguments.pop(0).split('=', 1)
            properties[name] = value
        elif option not in ('--quiet', '--pipe', '--wait', '--collect'):
            sys.exit(f'systemd-run has no {option}')
    sys.exit(start(arguments, properties, {}).wait())


name, arguments = os.path.basename(sys.argv[0]), sys.argv[1:]
if name == 'sudo':
    os.execvp(arguments[0], arguments)
{'systemctl': systemctl, 'systemd-run': systemd_run}[name](arguments)
