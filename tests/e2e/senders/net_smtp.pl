#!/usr/bin/perl
# Perl's Net::SMTP, all mails over one connection.
use strict;
use warnings;
use Net::SMTP;

my $smtp = Net::SMTP->new('127.0.0.1', Port => $ENV{PORT}, Hello => 'perl.example.org') or die "no session: $@";
sub expect { my ($done, $what) = @_; $done or die "$what: " . $smtp->code . ' ' . $smtp->message; }
expect($smtp->starttls(SSL_verify_mode => 0), 'STARTTLS') if $ENV{TLS};
for my $path (@ARGV) {
    open my $mail, '<', $path or die "$path: $!";
    my @lines = <$mail>;
    expect($smtp->mail($ENV{FROM}), 'MAIL');
    expect($smtp->to(split ' ', $ENV{TO}), 'RCPT');
    expect($smtp->data(@lines), 'DATA');
}
expect($smtp->quit, 'QUIT');
