"""The settings of a Link-OS printer as rows of text: names, type, range, default, access. Knows no reader.

A line with a colon names branches; the lines below it are in each of them: leaves between slashes, type, range (`-` is
none), default (`-` is empty, `_` a blank in a string), and access where it is not RW. Names and types are the
programming guide's as far as they matter here; the rest gives the tree its size.
"""

from __future__ import annotations

_CODES = (
    "usa,canada,australia,austria,belgium,brazil,bulgaria,chile,china,columbia,croatia,cyprus,czech-republic,denmark,"
    "estonia,finland,france,germany,greece,hong-kong,hungary,iceland,india,indonesia,ireland,israel,italy,japan,"
    "korea,latvia,liechtenstein,lithuania,luxembourg,malaysia,malta,mexico,netherlands,new-zealand,norway,peru,"
    "philippines,poland,portugal,romania,russia,saudi-arabia,singapore,slovakia,slovenia,south-africa,spain,sweden,"
    "switzerland,taiwan,thailand,turkey,uae,united-kingdom,uruguay,venezuela,vietnam"
)
_TONGUES = (
    "english,spanish,french,german,italian,norwegian,portuguese,swedish,danish,spanish2,dutch,finnish,japanese,"
    "korean,simplified-chinese,traditional-chinese,russian,polish,czech,romanian"
)
_VARIABLES = "/".join(f"user_{number:04d}" for number in range(800))
"""Variables of the user's own, which make the whole tree as long as the longest that are told of."""

TABLE = f"""
weblink.ip.conn1 weblink.ip.conn2:
location str 0-2048 -
proxy str 0-2048 -
maximum_simultaneous_connections int 1-100 10
num_connections int 0-100 0 R
retry_interval int 1-600 10
retry_interval_random_max int 0-600 120
authentication.add str 0-2048 - W
authentication.remove str 0-2048 - W
authentication.entries str 0-2048 - R
test.location str 0-2048 http://www.zebra.com/apps/linktest
test.test_on enum off,failure,interval,both failure
test.retry_interval int 1-86400 900
weblink:
enable onoff - on R
printer_reset_required enum yes,no no R
restore_defaults str 0-1 - W
logging.clear str 0-1 - W
logging.entries str 0-65535 - R
logging.max_entries int 0-10000 0
zebra_connector.enable onoff - on
zebra_connector.version str 0-64 1.0.2 R
zebra_connector.proxy str 0-2048 -
zebra_connector.authentication.add str 0-2048 - W
zebra_connector.authentication.remove str 0-2048 - W
zebra_connector.authentication.entries str 0-2048 - R
zebra_connector.test.location str 0-2048 -
alerts:
add str 0-2048 - W
configured str 0-10000 -
conditions str 0-4096 - R
destinations str 0-256 SERIAL,PARALLEL,E-MAIL,TCP,UDP,SNMP,USB,HTTP-POST,BLUETOOTH,SDK,MQTT R
send_current_status_alerts str 0-1024 - W
http.authentication.add/http.authentication.remove str 0-2048 - W
http.authentication.entries str 0-2048 - R
http.logging.clear str 0-1 - W
http.logging.entries str 0-65535 - R
http.logging.max_entries int 0-10000 0
http.proxy str 0-2048 -
tracked_settings.clear_log str 0-1 - W
tracked_settings.log_tracked str 0-4096 -
tracked_settings.log str 0-65535 - R
tracked_settings.max_log_entries int 0-10000 100
tracked_sgds.zbi_notified str 0-4096 -
capture.channel1:
count int 0-65535 0
data.mime str 0-64 text/plain
data.raw str 0-3000 -
delimiter str 0-64 \\\\015\\\\012
max_length int 1-3000 1000
port enum off,serial,usb,bt off
odometer:
total_label_count/total_label_count_2 int 0-4294967295 0 R
total_print_length str 0-64 0_INCHES,_0_CENTIMETERS R
headclean/headnew/label_dot_length/latch_open_count str 0-64 0_INCHES,_0_CENTIMETERS
label_marker/latch_counter/media_marker_count/media_marker_count1/media_marker_count2 int 0-4294967295 0
user_label_count/user_label_count1/user_label_count2 int 0-4294967295 0
total_cuts/user_total_cuts/retracts_count int 0-4294967295 0
rfid.valid_resettable/rfid.void_resettable int 0-4294967295 0
device:
unique_id str 0-32 - R
product_name/product_name_submodel str 0-64 - R
friendly_name str 0-63 -
location/company_contact str 0-128 -
company_name str 0-128 Zebra_Technologies R
host_status str 0-128 - R
host_identification str 0-128 - R
configuration_number str 0-64 ZD42042-D0EE00EZ R
device_id str 0-256 - R
languages enum apl-d,apl-e,apl-i,apl-l,apl-mi,apl-o,apl-t,cpcl,epl,epl_zpl,hybrid_xml_zpl,line_print,pdf,zpl zpl
idle_display_format enum fwversion,iponly,datetime datetime
cpcl_synchronous_mode/light.cover_open_brightness/sensor_profile/allow_firmware_downgrade onoff - off
command_override.active/frontpanel.line1.enable/orientation.auto/syslog.enable/slot_1_enable onoff - off
command_override.list/command_override.add/command_override.clear str 0-4096 -
cutter_installed/feature.lighted_arrows/feature.mcr/feature.peel/feature.ribbon_cartridge enum yes,no no R
feature.bluetooth_le/feature.nfc/feature.head_element_test/feature.wlan/feature.ethernet enum present,none none R
reset/restore_defaults/reset_button/prompted_network_reset/pnp_option str 0-64 - W
pause/unpause/jobs.cancel_all/bootloader.enter/feed str 0-64 - W
frontpanel.feedkey enum enabled,disabled enabled
frontpanel.key_press str 0-8 -
frontpanel.xml str 0-4096 - R
light.ribbon_path_brightness/light.media_path_brightness enum off,low,medium,high high
line_mode/printhead.test.summary str 0-256 0,A,0000,0000,0000 R
ltu_mode enum off,on off
position.altitude/position.latitude/position.longitude/position.accuracy str 0-32 0.0
print_2key/print_reprogram_reset/power_on_reprint onoff - off
processor_id str 0-64 0000000000000000 R
save_2key onoff - on
sensor_select enum reflective,transmissive,auto-select auto-select
serial_numbers.mlb_date_code/serial_numbers.processor str 0-32 - R
super_host_status str 0-65535 - R
syslog.clear_log str 0-1 - W
syslog.configured/syslog.log_max_file_size str 0-4096 10000
syslog.save_local_file enum yes,no no
uptime str 0-64 00_days_00_hours_01_mins_00_secs R
user_p1/user_p2 str 0-64 -
user_vars.create/user_vars.set_range str 0-1024 - W
{_VARIABLES} str 0-256 a_variable_of_the_user's_own
xml.enable onoff - on
appl:
bootblock/name/date/link_os_version/option_board_version str 0-64 - R
formatter:
battery_status enum ok,low ok R
head:
authenticated/latch/element_test str 0-32 ok R
darkness_switch enum low,medium,high medium
darkness_switch_enable onoff - off
resolution.in_dpi int 203-600 203 R
printhead_life str 0-64 - R
media:
bar.location enum left,right left
cartridge.label_length/cartridge.length/cartridge.height/cartridge.part_number/cartridge.serialized str 0-64 - R
cartridge.labels_left/cartridge.width/cartridge.inserted str 0-64 0 R
cut_now/feed_length str 0-8 - W
darkness_mode enum cartridge,user,relative user
draft_mode/feed_skip/dynamic_length_calibration/thermal_mode_lock onoff - off
part_number str 0-64 -
present.cut_amount int 0-9 0
present.cut_margin int 2-9 9
present.eject int 0-255 255
present.length_addition int 0-255 0
present.loop_length/present.loop_length_max int 3-1023 400
present.present_timeout int 0-300 30
present.present_type enum eject,retract eject
printmode enum rewind,tear_off,peel_off,cutter,delayed_cut,linerless_peel,linerless_tear,rfid,applicator tear_off
sense_mode enum bar,gap,continuous gap
serial_number str 0-64 - R
speed double 1.0-12.0 4.0
status enum ok,out,unknown ok R
thermal_mode enum DT,TT,unknown DT
tof int 0-32000 0
type enum label,journal,mark label
width_sense.enable/width_sense.in_cm/width_sense.in_dots/width_sense.in_inches/width_sense.in_mm str 0-32 0 R
ribbon:
cartridge.length/cartridge.part_number/cartridge.serial_number str 0-64 - R
coating enum ink-side-in,ink-side-out ink-side-out
count.meters int 0-65535 0 R
serial_number/status str 0-64 - R
zpl:
calibrate str 0-8 - W
caret/control_character/delimiter/command_prefix str 1-2 5E
format_prefix str 1-2 ^
label_length int 1-39999 1218
label_length_always onoff - off
left_position int -9999-9999 0
print_mode str 0-32 TEAR_OFF
print_orientation enum normal,inverted normal
print_width int 2-832 812
relative_darkness double -30.0-30.0 0.0
system_error/system_status str 0-64 - R
zpl_mode enum zpl,zpl_II zpl_II
zpl_override onoff - off
ezpl:
code_validation/head_close_action/power_up_action enum feed,calibrate,length,no_motion,short_cal calibrate
label_length_max double 0.0-39.0 39.0
label_sensor int 0-255 80
manual_calibration/restore_defaults str 0-8 - W
media_type enum continuous,gap/notch,mark gap/notch
print_method enum thermal-trans,direct-thermal direct-thermal
print_mode enum tear_off,peel_off,rewind,applicator,cutter tear_off
print_width int 2-832 812
reprint_mode onoff - off
take_label enum web,sensor web
tear_off int -120-120 0
print:
tone double 0.0-30.0 20.0
tone_zpl double 0.0-30.0 20.0
tone_rel/speed_rel double -5.0-5.0 0.0
troubleshooting_label_choices/troubleshooting_label_print str 0-64 - W
sensor:
back_bar.brightness/back_bar.cur/back_bar.date/back_bar.gain/back_bar.offset/back_bar.thold str 0-32 0
front_bar.brightness/front_bar.cur/front_bar.gain/front_bar.offset/front_bar.thold str 0-32 0
gap.brightness/gap.cur/gap.gain/gap.offset/gap.thold str 0-32 0
paper_supply enum present,not_present present R
peeler enum clear,not_clear clear R
width.cur/width.in_cm/width.in_dots/width.in_inches/width.in_mm/width.high_in_dots/width.low_in_dots int 0-65535 0
display:
backlight enum on,off,dim on
backlight_on_time int 0-300 10
contrast int 0-15 7
language enum {_TONGUES} english
load_card str 0-64 -
password.current str 4-4 1234 W
password.level enum 0,1,2,3,4 0
root_wml str 0-128 -
text str 0-128 READY R
bluetooth bluetooth.le:
address str 0-17 AC:3F:A4:00:00:01 R
afh_map/afh_map_curr/afh_mode/afh_mode_curr str 0-64 -
allow_non_display_numeric_compare/authentication/bonding/discoverable/enable onoff - on
bluetooth_pin str 0-16 - W
clear_bonding_cache str 0-8 - W
connected enum yes,no no R
connectable_mode/controller_mode enum classic,le,both both
date/version/radio_version/minor_version str 0-32 - R
enable_reconnect onoff - off
friendly_name/local_name str 0-63 -
le.controller_mode enum le,classic,both both
le.minimum_security enum 1,2,3 1
le.power_level int 0-10 10
link_encryption/max_bonds_allowed int 1-8 3
minimum_security_mode enum 1,2,3,4 1
page_scan_window int 12-80 60
power_level/radio_auto_baud str 0-16 0
short_address str 0-17 - R
internal_wired external_wired:
activity_led/enable onoff - on
auto_switchover onoff - off
default_addr_enable onoff - off
default_gateway/ip.addr/ip.gateway/ip.default_addr ip - 0.0.0.0
ip.netmask ip - 255.255.255.0
ip.arp_interval int 0-30 0
ip.dhcp.arp_verify/ip.dhcp.cid_enable/ip.dhcp.option12 onoff - on
ip.dhcp.cache_ip onoff - off
ip.dhcp.cid_all/ip.dhcp.cid_prefix/ip.dhcp.cid_suffix str 0-60 -
ip.dhcp.cid_type enum 0,1,2 1
ip.dhcp.lease.last_attempt/ip.dhcp.lease.length/ip.dhcp.lease.server/ip.dhcp.lease.time_left str 0-32 0 R
ip.dhcp.option12_format/ip.dhcp.option12_value str 0-60 -
ip.dhcp.request_timeout int 2-5 2
ip.dhcp.requests_per_session int 1-10 2
ip.dhcp.session_interval int 0-60 10
ip.dhcp.user_class_id/ip.dhcp.vendor_class_id str 0-255 -
ip.port/ip.port_alternate/ip.port_json_config int 0-65535 9100
ip.protocol enum bootp,dhcp,dhcp_and_bootp,gleaning_only,rarp,glean,permanent,all all
ip.timeout.enable onoff - on
ip.timeout.value int 0-3600 300
mac_addr str 0-17 00:07:4D:00:00:01 R
mac_raw str 0-12 00074D000001 R
8021x.eap.username/8021x.peap.anonymous_identity/8021x.ttls_tunnel str 0-64 -
8021x.authentication str 0-32 off
8021x.eap.password/8021x.eap.privkey_password str 0-64 - W
8021x.peap.validate_server_certificate onoff - on
ip:
active_network enum unknown,internal_wired,external_wired,wireless internal_wired R
addr/gateway ip - 192.0.2.20
netmask ip - 255.255.255.0
arp_interval int 0-30 0
bootp.enable/dhcp.arp_verify/dhcp.cid_enable/dhcp.enable/dhcp.option12 onoff - on
dhcp.auto_provision_enable/dhcp.cache_ip/dhcp.ntp.enable/ntp.enable onoff - off
dhcp.cid_all/dhcp.cid_prefix/dhcp.cid_suffix/dhcp.option12_format/dhcp.option12_value str 0-60 -
dhcp.cid_type enum 0,1,2 1
dhcp.lease.last_attempt/dhcp.lease.length/dhcp.lease.server/dhcp.lease.time_left str 0-32 0 R
dhcp.ntp.received_servers str 0-256 - R
dhcp.request_timeout int 2-5 2
dhcp.requests_per_session int 1-10 2
dhcp.session_interval int 0-60 10
dhcp.user_class_id/dhcp.vendor_class_id str 0-255 -
dns.domain str 0-100 -
dns.servers str 0-256 - R
firewall.whitelist_in str 0-1024 -
ftp.enable/http.admin_enable/http.custom_link_enable/http.enable/https.enable/lpd.enable/lpr_enable onoff - on
ftp.execute_file/pop3.enable/smtp.enable/snmp.enable/tcp.enable/telnet.enable/udp.enable onoff - on
http.admin_name/http.admin_password/http.custom_link_name/http.custom_link_url str 0-128 -
http.faq_url/http.port/https.port/ftp.request_password str 0-128 -
mac_raw str 0-12 00074D000001 R
mac_addr str 0-17 00:07:4D:00:00:01 R
mirror.appl_path/mirror.error_retry/mirror.feedback.path/mirror.fetch_path/mirror.path str 0-128 -
mirror.feedback.auto/mirror.feedback.freq/mirror.freq/mirror.freq_hours/mirror.reset_delay int 0-65535 0
mirror.auto/mirror.reset onoff - off
mirror.fetch/mirror.feedback.odometer str 0-64 - W
mirror.interface/mirror.server/mirror.username/mirror.last_error/mirror.last_time/mirror.version str 0-128 -
mirror.password str 0-64 - W
mirror.success/mirror.success_time str 0-64 - R
ntp.servers/ntp.log str 0-256 -
pop3.password str 0-64 - W
pop3.poll int 0-65535 240
pop3.print_body/pop3.print_headers/pop3.save_attachments/pop3.verbose_headers onoff - on
pop3.server_addr/smtp.server_addr/telnet.login ip - 0.0.0.0
pop3.username/smtp.domain str 0-64 -
port int 0-65535 6101
port_alternate int 0-65535 9100
port_json_config int 0-65535 9200
port_single_conn/port_single_conn_idle_timeout int 0-65535 0
primary_network enum wired,wireless wired
remote/remote_autoconnect/remote_port str 0-64 -
sgd_json_port int 0-65535 9200
snmp.create_mib str 0-8 - W
snmp.get_community_name/snmp.set_community_name/snmp.trap_community_name str 0-64 - W
snmp.trap_enable/tcp.nagle_algorithm onoff - on
sensitivity str 0-16 -
tcp.tls_port int 0-65535 9143
tls.enable/tls.json_enable onoff - off
tls.json_port int 0-65535 9243
tls.apl_enable/tls.min_version/tls.max_version str 0-16 -
wlan:
adhocautomode/adhocchannel/adhoc_last_channel int 0-13 10
allowed_band enum all,2.4,5 all
allowed_band_locked enum on,off off
associated onoff - off R
auth_type enum open,psk,eap-tls,peap,leap,eap-fast,eap-ttls,kerberos open
bssid/station_name/essid/current_essid str 0-32 -
channel_mask.b_band/channel_mask.a_band str 0-16 0xFFFF
country_code enum {_CODES} usa
current_tx_rate/firmware_version/operating_channel/signal_noise/signal_quality/signal_strength str 0-64 0 R
eap.username/eap_fast.pac_filename/peap.anonymous_identity/ttls_tunnel/user_channel_list str 0-64 -
eap.password/eap.privkey_password/private_key_password/password/wpa.psk str 0-64 - W
enable/adhocmode/preauth/roam.enable_fast/waveagent.enable/11d/11n.20mhz/11n.aggregation onoff - off
encryption_index int 1-4 1
encryption_mode str 0-16 off
international_mode enum off,on,auto auto
ip.addr/ip.gateway/ip.default_addr ip - 0.0.0.0
ip.netmask ip - 255.255.255.0
ip.arp_interval int 0-30 0
ip.default_addr_enable/ip.dhcp.arp_verify/ip.dhcp.cache_ip/ip.dhcp.cid_enable/ip.dhcp.option12 onoff - on
ip.dhcp.cid_all/ip.dhcp.cid_prefix/ip.dhcp.cid_suffix/ip.dhcp.user_class_id/ip.dhcp.vendor_class_id str 0-255 -
ip.dhcp.lease.last_attempt/ip.dhcp.lease.length/ip.dhcp.lease.server/ip.dhcp.lease.time_left str 0-32 0 R
ip.port/ip.port_alternate/ip.port_json_config int 0-65535 9100
ip.protocol enum bootp,dhcp,dhcp_and_bootp,gleaning_only,rarp,permanent,all all
ip.timeout.enable onoff - on
ip.timeout.value int 0-3600 300
keep_alive.enable onoff - on
keep_alive.timeout int 1-300 60
leap_mode/operating_mode str 0-16 off
mac_addr str 0-17 AC:3F:A4:00:00:02 R
mac_raw str 0-12 AC3FA4000002 R
password_protect/poor_signal_threshold/power_save str 0-16 0
region_code str 0-16 usa/canada R
roam.interchannel_delay/roam.interval/roam.max_chan_scan_time/roam.max_fail/roam.monitor/roam.signal int 0-600 5
rts_cts_enabled onoff - off
security str 0-16 1
tx_power/tx_rate str 0-16 all
wep.auth_type enum open,shared open
wep.index int 1-4 1
wep.key1/wep.key2/wep.key3/wep.key4 str 0-32 - W
wep.key_format enum ascii,hex hex
wpa.authentication/wpa.ca_cert_required/wpa.timecheck/wpa.enable/wpa.psk_name str 0-32 off
usb:
device.device_id_string/device.device_unique_id/device.manufacturer_string/device.product_string str 0-128 - R
device.device_version/device.product_id/device.vendor_id/device.serial_string str 0-64 - R
device.device_class/device.unique_id/halt str 0-32 -
host.discoverable/host.fn_field_list/host.fn_last_field/host.hid_count/host.keyboard_input str 0-64 -
host.keyboard_layout/host.lock_out/host.read_list/host.template_list/host.template_print_amount str 0-64 -
host.unplug_warning/host.write_list/host.fn_field_data/host.config_list str 0-64 -
mirror.appl_path/mirror.auto/mirror.enable/mirror.error_retry/mirror.feedback.auto/mirror.fetch_path str 0-128 -
mirror.feedback.odometer/mirror.last_error/mirror.last_time/mirror.path/mirror.reset/mirror.success str 0-128 -
comm:
baud enum 110,300,600,1200,2400,4800,9600,14400,19200,28800,38400,57600,115200 9600
data_bits enum 7,8 8
halt enum yes,no no
handshake enum none,xon/xoff,dtr/rts,rts,dtr,dtr/dsr dtr/rts
pnp_option int 0-2 1
parity enum none,even,odd none
stop_bits enum 1,2 1
type enum dce,dte dce R
parallel_port:
mode/status str 0-32 bidirectional
cutter:
clean_cutter str 0-16 - W
health_history.read str 0-4096 - R
cut_amount int 0-60 0
card:
inserted enum yes,no no R
mac_addr str 0-17 - R
file:
cert.expiration str 0-4096 - R
capture_response.begin/capture_response.destination/capture_response.end str 0-64 -
delete/rename/run/drive_listing str 0-1024 - W
dir str 0-65535 - R
dir_format enum dir,cpcl cpcl
type str 0-65535 - R
input:
capture enum off,print,run off
interface.network.active:
arp_interval int 0-30 0
cache_ip/dhcp.arp_verify onoff - off
gateway/ip_addr/netmask/server_ip/wins_addr ip - 192.0.2.20
mac_addr str 0-17 00:07:4D:00:00:01 R
mac_raw str 0-12 00074D000001 R
protocol str 0-16 dhcp
protocol_error str 0-64 none R
memory:
flash_free/flash_size/ram_free/ram_size int 0-4294967295 8372224 R
netmanage:
avalanche.available_agent/avalanche.available_port/avalanche.encryption_type/avalanche.model_name str 0-64 -
avalanche.agent_addr ip - 0.0.0.0
avalanche.interval int 0-4294967295 0
avalanche.interval_update/avalanche.set_property/avalanche.startup_update onoff - off
avalanche.tcp_connection_timeout/avalanche.text_msg.beep/avalanche.text_msg.display int 0-65535 0
avalanche.text_msg.print/avalanche.udp_timeout int 0-65535 0
state_dir/type/status str 0-64 none
power:
dtr_power_off/inactivity_timeout/low_battery_timeout int 0-65535 0
battery_led/battery_replacement/percent_full/status/temperature/voltage/health/cycle_count str 0-32 0 R
current/energy_star.timeout/full_voltage/labels_to_print/led_time/part_number/serial_number str 0-32 0
energy_star.enable/sleep.cradle/sleep.enable/sleep.unassociated/wake.radio onoff - off
sleep.timeout int 5-604800 1800
shutdown str 0-8 - W
up_type enum auto,manual manual
rfid:
adjust_antenna_element/adjust_rfid_power/position.program/position.backfeed/reader_1.antenna_port str 0-32 F0
country_code enum {_CODES} usa
enable/log.enabled/recipe_enable onoff - off
error.response str 0-64 NO_TAG_FOUND R
label_tries int 1-10 3
log.entries/tag.read.result_line1/tag.read.result_line2/tag.read.execute/tag.test str 0-4096 - R
log.clear str 0-8 - W
reader_1.firmware_version/reader_1.hardware_version/reader_1.model/reader_1.power.read str 0-64 16 R
reader_1.power.write/reader_1.power.single_power/read_power/write_power int 0-30 16
tag.calibrate/tag.data/tag.type str 0-64 gen2
rtc:
date str 0-10 01-01-2024
exists enum yes,no yes R
time str 0-8 12:00:00
timezone str 0-64 GMT
unix_timestamp str 0-20 0 R
zbi:
control.add_breakpoint/control.clear_breakpoints/control.delete_breakpoint/control.line_number str 0-64 -
control.restart/control.run/control.step/control.terminate str 0-64 - W
control.state enum OFF,ON,RUNNING,SUSPENDED,TERMINATED ON R
control.variable_name/control.variable_value/last_error/key/reseller_key/revision str 0-64 -
running_program_name/start_info.execute/start_info.file_name/start_info.memory_alloc str 0-64 -
apl:
enable/framework_version/settings/version str 0-256 none
selector enum none,apl-d,apl-e,apl-i,apl-l,apl-o,apl-t none
log:
reboot.codes/reboot.report/reboot.reason str 0-4096 - R
mcr:
cancel/crypt.algorithms/crypt.key_mgmt/crypt.mode/enabled/error_msg/init/out str 0-64 -
mqtt.conn1 mqtt.conn2:
enable onoff - off
broker_url/client_id/tenant_id/username/ca_file/cert_file str 0-512 -
password str 0-64 - W
keep_alive int 0-65535 60
retry_interval int 1-600 10
status str 0-64 disconnected R
mqtt:
logging.clear str 0-8 - W
logging.entries str 0-65535 - R
logging.max_entries int 0-10000 0
printer_reset_required enum yes,no no R
"""
"""About as many settings as a desktop printer has."""
