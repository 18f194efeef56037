# Becomes one container, or one more process in it: namespaces, a new root, then execve, as runc does it.
# Only what Debian's perl-base has, and raw system calls: one small process, a few milliseconds.
#
# usage: perl container.pl ARCH      ARCH is Node's process.arch; descriptor 3 is a socket to process.ts
# In comes a length (32 bits, network order) and as many bytes: fields that each end in NUL, the name of an
# operation (%operations) and then its arguments; later the lines `opened` and, with a terminal, `size ROWS COLUMNS`.
# Out go lines:
#   started PID IN OUT ERR   execve worked; the numbers are our ends of the app's pipes, for the engine to open
#                            under /proc/<us>/fd before it answers `opened`
#   failed STEP MESSAGE      nothing runs; STEP is `setup` or `exec`
#   exited CODE SIGNAL       the app ended, and with it all of its pid namespace if it was PID 1
# The pipes are made here since Node's would be sockets, and opening /dev/stdout fails when it is a socket.
use strict;

my $is_arm = shift eq 'arm64';
my %numbers = (    # x64, arm64
    mount       => [ 165, 40 ],  umount2 => [ 166, 39 ],  pivot_root => [ 155, 41 ], unshare       => [ 272, 97 ],
    setns       => [ 308, 268 ], setsid  => [ 112, 157 ], prctl      => [ 157, 167 ], mount_setattr => [ 442, 442 ],
    sethostname => [ 170, 161 ], execve  => [ 59, 221 ],  close_range => [ 436, 436 ], setgroups     => [ 116, 159 ],
    setresuid   => [ 117, 147 ], setresgid => [ 119, 149 ], prlimit64 => [ 302, 261 ],
);
my ( $MS_BIND_REC, $MNT_DETACH, $AT_FDCWD, $AT_RECURSIVE ) = ( 4096 | 16384, 2, -100, 0x8000 );
my ( $PR_SET_PDEATHSIG, $PR_CAPBSET_DROP, $PR_SET_NO_NEW_PRIVS, $SIGKILL ) = ( 1, 24, 38, 9 );
my ( $TIOCSPTLCK, $TIOCGPTN, $TIOCSCTTY, $TIOCSWINSZ ) = ( 0x40045431, 0x80045430, 0x540E, 0x5414 );
my $CLOSE_RANGE_CLOEXEC = 4;
my ( $NEW_PID, $NEW_MOUNT_UTS_IPC ) = ( 0x20000000, 0x20000 | 0x4000000 | 0x8000000 );
my $RLIMIT_NPROC = 6;

sub fail { my ( $step, $message ) = @_; die "$step $message\n" }
sub setup_fails { fail( 'setup', "$_[0]: " . lc $! ) }

sub call {
    my ( $name, $about, @arguments ) = @_;
    syscall( $numbers{$name}[$is_arm], @arguments ) != -1 or setup_fails("$name $about");
}

# --- Operations ---------------------------------------------------------------------------------------------

sub join_namespace {
    my ($path) = @_;
    open my $namespace, '<', $path or setup_fails("open $path");
    call( 'setns', $path, fileno $namespace, 0 );
}

# From here to seal_root the engine's own tree hangs below /.host: targets resolve in the new root, sources in the old.
sub new_root {
    my ($folder) = @_;
    call( 'mount', "tmpfs at $folder", 'tmpfs', $folder, 'tmpfs', 0, 'mode=755' );
    mkdir "$folder/.host";
    call( 'pivot_root', $folder, $folder, "$folder/.host" );
    chdir '/';
}

sub seal_root {
    call( 'umount2', '/.host', '/.host', $MNT_DETACH );
    rmdir '/.host';
}

sub make_folder {
    my ( $path, $mode ) = @_;
    my $made = '';
    for my $part ( grep { length } split m{/}, $path ) {
        $made .= "/$part";
        -d $made or mkdir $made, 0755 or setup_fails("mkdir $made");
    }
    chmod oct $mode, $path if $mode;
}

sub make_file {
    my ( $path, $content ) = @_;
    make_folder( $path =~ m{(.*)/} );
    open my $file, '>', $path or setup_fails("open $path");
    print $file $content;
    close $file;
}

sub make_link {
    my ( $path, $to ) = @_;
    make_folder( $path =~ m{(.*)/} );
    symlink $to, $path or setup_fails("symlink $path");
}

sub bind_mount {
    my ( $source, $target, $mode ) = @_;
    if    ( -d "/.host$source" ) { make_folder($target) }
    elsif ( !-e $target )        { make_file( $target, '' ) }
    call( 'mount', "$source at $target", "/.host$source", $target, 'none', $MS_BIND_REC, 0 );
    return if $mode ne 'ro';
    my $read_only = pack 'Q4', 1, 0, 0, 0;    # struct mount_attr: set MOUNT_ATTR_RDONLY
    call( 'mount_setattr', $target, $AT_FDCWD, $target, $AT_RECURSIVE, $read_only, 32 );
}

# Only this mount: what is mounted below it stays as it is.
sub lock_mount {
    my ($target) = @_;
    call( 'mount_setattr', $target, $AT_FDCWD, $target, 0, pack( 'Q4', 1, 0, 0, 0 ), 32 );
}

sub write_setting {
    my ( $path, $value ) = @_;
    open my $file, '>', $path or setup_fails("open $path");
    syswrite $file, $value or setup_fails("write $path");
}

sub limit_processes {
    my ($count) = @_;
    call( 'prlimit64', 'RLIMIT_NPROC', 0, $RLIMIT_NPROC, pack( 'Q2', $count, $count ), 0 );
}

sub mount_fresh {
    my ( $type, $target, $flags, $data ) = @_;
    make_folder($target);
    call( 'mount', "$type at $target", $type, $target, $type, $flags + 0, $data );
}

my ( $cwd, @argv, @env, $has_stdin, $has_console, $terminal, $slave_path );
my ( $user, $group, @groups, $cgroup );

# Joined by the child alone: this process outlives it, and a group with a process in it can't be removed.
sub open_cgroup {
    my ($path) = @_;
    open $cgroup, '>', $path or setup_fails("open $path");
}

sub join_cgroup {
    defined syswrite $cgroup, '0' or setup_fails('join the control group');
    close $cgroup;
}

sub open_terminal {
    my ($multiplexer) = @_;
    open $terminal, '+<', $multiplexer or setup_fails("open $multiplexer");
    my $number = pack 'i', 0;
    ioctl $terminal, $TIOCSPTLCK, $number;
    ioctl $terminal, $TIOCGPTN, $number;
    $slave_path = '/dev/pts/' . unpack 'i', $number;
}

# name => [number of arguments, what it does]
my %before_fork = (    # a pid namespace is entered by children only
    join       => [ 1, \&join_namespace ],
    cgroup     => [ 1, \&open_cgroup ],
    processes  => [ 0, sub { call( 'unshare', 'processes',  $NEW_PID ) } ],
    namespaces => [ 0, sub { call( 'unshare', 'namespaces', $NEW_MOUNT_UTS_IPC ) } ],
    stdin      => [ 0, sub { $has_stdin = 1 } ],
    terminal   => [ 0, sub { open_terminal('/dev/ptmx') } ],
    console    => [ 0, sub { $has_console = 1 } ],    # a terminal of the root that is still to be made
);
my %in_child = (
    root     => [ 1, \&new_root ],
    folder   => [ 2, \&make_folder ],
    file     => [ 2, \&make_file ],
    link     => [ 2, \&make_link ],
    bind     => [ 3, \&bind_mount ],
    mount    => [ 4, \&mount_fresh ],
    lock     => [ 1, \&lock_mount ],
    write    => [ 2, \&write_setting ],
    limit    => [ 1, \&limit_processes ],
    seal     => [ 0, \&seal_root ],
    user     => [ 1, sub { $user = $_[0] + 0 } ],
    group    => [ 1, sub { $group = $_[0] + 0 } ],
    groups   => [ 1, sub { @groups = map { $_ + 0 } split / /, $_[0] } ],
    no_gain  => [ 0, sub { call( 'prctl', 'no_new_privs', $PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0 ) } ],
    hostname => [ 1, sub { call( 'sethostname', $_[0], $_[0], length $_[0] ) } ],
    drop     => [ 1, sub { call( 'prctl', "capability $_[0]", $PR_CAPBSET_DROP, $_[0] + 0, 0, 0, 0 ) } ],
    cwd      => [ 1, sub { $cwd = $_[0] } ],
    arg      => [ 1, sub { push @argv, $_[0] } ],
    env      => [ 1, sub { push @env, $_[0] } ],
);
my %operations = ( %before_fork, %in_child );

sub perform { my ( $name, @arguments ) = @{ $_[0] }; $operations{$name}[1]->(@arguments) }

# --- The engine's side --------------------------------------------------------------------------------------

sub read_exactly {
    my ($length) = @_;
    my $bytes = '';
    while ( length $bytes < $length ) {
        sysread ENGINE, $bytes, $length - length $bytes, length $bytes or exit 1;
    }
    return $bytes;
}

sub read_operations {
    my @fields = split /\0/, read_exactly( unpack 'N', read_exactly(4) ), -1;
    pop @fields;
    my @list;
    while (@fields) {
        my $name = shift @fields;
        push @list, [ $name, splice @fields, 0, $operations{$name}[0] ];
    }
    return @list;
}

# --- The child ----------------------------------------------------------------------------------------------

# The path that execve gets, or Go's own words for why there is none: they are what kubectl shows.
sub find_program {
    my ($name) = @_;
    if ( $name =~ m{/} ) {
        -e $name or fail( 'exec', qq{exec: "$name": stat $name: no such file or directory} );
        -d _ and fail( 'exec', qq{exec: "$name": is a directory} );
        -x _ or fail( 'exec', qq{exec: "$name": permission denied} );
        return $name;
    }
    my ($path) = map { /^PATH=(.*)/s } @env;
    for my $folder ( split /:/, $path ) {
        return "$folder/$name" if -f "$folder/$name" && -x _;
    }
    fail( 'exec', qq{exec: "$name": executable file not found in \$PATH} );
}

sub enter_terminal {
    open my $slave, '+<', $slave_path or setup_fails("open $slave_path");
    ioctl $slave, $TIOCSCTTY, 0;
    chown $user, -1, $slave if $user;
    return ( $slave, $slave, $slave );
}

sub die_with_engine { call( 'prctl', 'pdeathsig', $PR_SET_PDEATHSIG, $SIGKILL, 0, 0, 0 ) }

# The streams go along: whoever owns them may open /dev/stdout.
sub become_user {
    my @streams = @_;
    chown $user // -1, -1, @streams if $user;
    call( 'setgroups', "@groups", scalar @groups, pack 'L*', @groups ) if defined $group;
    call( 'setresgid', $group, $group, $group, $group ) if defined $group;
    call( 'setresuid', $user,  $user,  $user,  $user )  if defined $user;
    die_with_engine();    # a change of user forgets it
}

sub become_app {
    my ( $in, $out, $err, $ask_for_console, @operations ) = @_;
    die_with_engine();
    call( 'setsid', '' );
    join_cgroup() if $cgroup;
    umask 022;
    perform($_) for @operations;
    $slave_path = $ask_for_console->() if $has_console;
    ( $in, $out, $err ) = enter_terminal() if $slave_path;
    make_folder($cwd) unless -d $cwd;
    become_user( $in, $out, $err );
    chdir $cwd or setup_fails("chdir to cwd (\"$cwd\")");
    my $program = find_program( $argv[0] );
    open STDIN,  '<&', $in  or setup_fails('stdin');
    open STDOUT, '>&', $out or setup_fails('stdout');
    open STDERR, '>&', $err or setup_fails('stderr');
    call( 'close_range', 'descriptors', 3, 0xFFFFFFFF, $CLOSE_RANGE_CLOEXEC );    # what the engine left open too
    $SIG{FPE} = 'DEFAULT';    # perl ignores it, and what is ignored stays so over execve
    syscall( $numbers{execve}[$is_arm], $program, pack( 'p*', @argv, undef ), pack( 'p*', @env, undef ) );
    fail( 'exec', "exec $program: " . lc $! );
}

# --- This process -------------------------------------------------------------------------------------------

sub tell_engine { syswrite ENGINE, "$_[0]\n" }

sub set_size {
    my $size = pack 'S4', @_, 0, 0;    # struct winsize
    ioctl $terminal, $TIOCSWINSZ, $size;
}

# Carries bytes between the terminal and the app's pipes until the terminal hangs up.
sub relay_terminal {
    my ( $keys, $screen ) = @_;
    my $watched = '';
    vec( $watched, fileno($_), 1 ) = 1 for *ENGINE, $terminal, $has_stdin ? $keys : ();
    while ( select( my $ready = $watched, undef, undef, undef ) ) {
        if ( vec $ready, fileno($terminal), 1 ) {
            sysread $terminal, my $bytes, 65536 or return;
            syswrite $screen, $bytes or return;
        }
        if ( $has_stdin && vec $ready, fileno($keys), 1 ) {
            sysread( $keys, my $bytes, 4096 ) or vec( $watched, fileno($keys), 1 ) = 0;
            syswrite $terminal, length $bytes ? $bytes : "\cD";
        }
        if ( vec $ready, fileno(ENGINE), 1 ) {
            sysread( ENGINE, my $lines, 4096 ) or vec( $watched, fileno(ENGINE), 1 ) = 0;
            set_size( $1, $2 ) if $lines =~ /.*size (\d+) (\d+)\n/s;
        }
    }
}

sub supervise {
    my @list = read_operations();
    perform($_) for grep { $before_fork{ $_->[0] } } @list;
    pipe my $in_read,  my $in_write  or setup_fails('pipe');
    pipe my $out_read, my $out_write or setup_fails('pipe');
    pipe my $err_read, my $err_write or setup_fails('pipe');
    pipe my $news,     my $verdict   or setup_fails('pipe');
    pipe my $console,  my $answer    or setup_fails('pipe');
    my $pid = fork // setup_fails('fork');
    if ( !$pid ) {
        close ENGINE;
        open $in_read, '<', '/dev/null' unless $has_stdin;
        my $ask_for_console = sub { syswrite $verdict, "console\n"; chomp( my $path = <$console> ); $path };
        my @streams = ( $in_read, $out_write, $err_write );
        eval { become_app( @streams, $ask_for_console, grep { $in_child{ $_->[0] } } @list ) };
        syswrite $verdict, $@;
        exit 1;
    }
    close $verdict;
    if ($has_console) {
        my $question = <$news>;
        die $question if $question ne "console\n";
        open_terminal('/dev/pts/ptmx');    # the new root is ours as well
        syswrite $answer, "$slave_path\n";
    }
    close $answer;
    my $failure = join '', <$news>;    # this pipe closes by itself when execve works
    die $failure if $failure;
    tell_engine( join ' ', 'started', $pid, map { fileno($_) } $in_write, $out_read, $err_read );
    read_exactly( length "opened\n" );
    close $_ for $in_write, $out_read, $err_write, $err_read;
    relay_terminal( $in_read, $out_write ) if $terminal;
    close $_ for $in_read, $out_write;
    waitpid $pid, 0;
    tell_engine( join ' ', 'exited', $? >> 8, $? & 127 );
}

open ENGINE, '+<&=', 3 or die "container.pl: descriptor 3: $!\n";
eval { supervise(); 1 } or tell_engine( 'failed ' . ( $@ =~ /^(?:setup|exec) / ? '' : 'setup ' ) . $@ =~ s/\n//r );
