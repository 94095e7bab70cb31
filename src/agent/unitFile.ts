export interface Unit {
  host: string;
  /** The command line, program first, all absolute. */
  command: readonly string[];
  /** It has a part in an endpoint or a pair of proxies. */
  guards: boolean;
}

/** What keeping owners, devices and ACLs takes, and a read-only file system. */
const keeps = ['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'MKNOD', 'SETFCAP', 'SYS_ADMIN'];
/**
 * What guarding takes beside that: routes, addresses and resets; ending and starting databases and proxies, which run as
 * other users; seeing which of them is whose; and watching at a raised priority.
 */
const guarding = ['KILL', 'NET_ADMIN', 'NET_RAW', 'SETGID', 'SETUID', 'SYS_NICE', 'SYS_PTRACE'];

/**
 * A systemd unit for the agent of a host. It runs as root because it keeps owners, devices and ACLs of what it copies,
 * with no capability beyond that and what it guards. Memory may be written and run: V8 compiles.
 */
export const unitFile = ({ host, command, guards }: Unit): string => `[Unit]
Description=Evenkeel agent of ${host}
After=network-online.target
Wants=network-online.target

[Service]
# No ProtectSystem, PrivateTmp or their like: they give a mount namespace of its own, in which nobody else would see
# that the agent made a file system read-only. Its roots in the fleet file are what confines it.
${guards ? '# KillMode: databases and proxies that it started outlive it; their clients would lose their connections with it.\n' : ''}ExecStart=${command.map((word) => quoted(word).replaceAll('$', '$$$$')).join(' ')}
Restart=always
RestartSec=1
TimeoutStopSec=30
KillMode=${guards ? 'process' : 'mixed'}
LimitNOFILE=65536
UMask=0077
CapabilityBoundingSet=${[...keeps, ...(guards ? guarding : [])].map((each) => `CAP_${each}`).join(' ')}
NoNewPrivileges=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=no
LockPersonality=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
`;

/** One word of a unit file: systemd reads %, quotes and backslashes, and $ in a command. */
const quoted = (word: string): string => {
  const plain = word.replaceAll('%', '%%');
  return /^[\w@%+=:,./$-]+$/.test(plain) ? plain : `"${plain.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
};
