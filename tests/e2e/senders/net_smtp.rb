#!/usr/bin/ruby
# Ruby's net/smtp, all mails over one connection.
require 'net/smtp'

session = Net::SMTP.new('127.0.0.1', ENV['PORT'].to_i)
if ENV['TLS'].empty?
  session.disable_starttls
else
  session.enable_starttls(OpenSSL::SSL::SSLContext.new.tap { |tls| tls.verify_mode = OpenSSL::SSL::VERIFY_NONE })
end
session.start('ruby.example.org') do
  ARGV.each do |path|
    reply = session.send_message(File.read(path), ENV['FROM'], ENV['TO'].split)
    raise reply.string unless reply.success?
  end
end
