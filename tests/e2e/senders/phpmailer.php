#!/usr/bin/php
<?php
// PHPMailer, all mails over one connection; it puts them together itself.
require 'libphp-phpmailer/autoload.php';

$mailer = new PHPMailer\PHPMailer\PHPMailer(true);  // errors are exceptions
$mailer->isSMTP();
$mailer->Host = '127.0.0.1';
$mailer->Port = (int) getenv('PORT');
$mailer->Helo = 'phpmailer.example.org';
$mailer->SMTPKeepAlive = true;
$mailer->SMTPSecure = getenv('TLS') ? 'tls' : '';
$mailer->SMTPAutoTLS = false;
$mailer->SMTPOptions = ['ssl' => ['verify_peer' => false, 'verify_peer_name' => false]];
$mailer->setFrom(getenv('FROM'));
foreach (explode(' ', getenv('TO')) as $to) {
    $mailer->addAddress($to);
}
foreach (array_slice($argv, 1) as $path) {
    [$header, $mailer->Body] = explode("\n\n", file_get_contents($path), 2);
    preg_match('/^Subject: (.*)$/m', $header, $subject);
    $mailer->Subject = $subject[1];
    $mailer->send();
}
$mailer->smtpClose();
