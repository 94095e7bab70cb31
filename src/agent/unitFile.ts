export interface Unit {
  host: string;
  /** The command line, program first, all absolute. */
  command: readonly string[];
}

/**
 * A systemd unit for the agent of a host. It runs as root because it keeps owners, devices and ACLs of what it copies,
 * with no capability beyond that. Memory may be written and run: V8 compiles.
 */
export const unitFile = ({ host, command }: Unit): string => `[Unit]
Description=Evenkeel agent of ${host}
After=network-online.target
Wants=network-online.target

[Service]
# No ProtectSystem, PrivateTmp or their like: they give a mount namespace of its own, in which nobody else would see
# that the agent made a file system read-only. Its roots in the fleet file are what confines it.
ExecStart=${command.map((word) => quoted(word).replaceAll('$', '$$$$')).join(' ')}
Restart=always
RestartSec=1
TimeoutStopSec=30
KillMode=mixed
LimitNOFILE=65536
UMask=0077
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_MKNOD CAP_SETFCAP CAP_SYS_ADMIN
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
